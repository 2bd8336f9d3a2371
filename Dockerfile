FROM node:20-slim
WORKDIR /snp
COPY . .
RUN npm run setup && mkdir -p /data /artefacts /work && chown node /data /artefacts /work
USER node
ENTRYPOINT ["node", "apps/cli/bin/snp.js"]
CMD ["--help"]
