# Builds with everything, runs with what it needs: Node, the bundled program, contracts and scenarios.
FROM node:24-slim AS build
WORKDIR /sandgate
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY deploy ./deploy
COPY src ./src
COPY specs ./specs
RUN npm run build

FROM node:24-slim
ENV NODE_ENV=production SANDGATE_HOST=0.0.0.0 SANDGATE_PORT=4010 SANDGATE_DATA=/data
WORKDIR /sandgate
COPY --from=build /sandgate/package.json ./
COPY --from=build /sandgate/dist ./dist
COPY specs ./specs
COPY scenarios ./scenarios
RUN mkdir /data && chown node:node /data
VOLUME /data
USER node
EXPOSE 4010
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["node", "dist/main.js", "health"]
# Flags, or a command with its flags, go after the name of the image.
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
