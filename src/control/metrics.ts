// `metrics`: Prometheus text.
import type { Routes } from './http.ts'

export const metricsRoutes: Routes = {
  getMetrics: async ({ metricsText }) => ({
    status: 200,
    type: 'text/plain; version=0.0.4; charset=utf-8',
    body: await metricsText(),
  }),
}
