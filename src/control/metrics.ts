// `metrics`: Prometheus text.
import type { Routes } from './http.ts'

export const metricsRoutes: Routes = {
  getMetrics: async ({ metrics }) => {
    const { type, text } = await metrics()
    return { status: 200, type, body: text }
  },
}
