import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { type ServerType, serve } from '@hono/node-server';
import { SnpError } from '@snp/onnx';
import type { ExternalDataFile } from '@snp/onnx/node';
import type { Feeds } from '@snp/runtime';
import { Hono } from 'hono';
import { PAGE } from './page.js';

/** What is served of a model, by paths on this machine. */
export interface ServedModel {
  path: string;
  feeds: Feeds;
  externalData: readonly ExternalDataFile[];
}

/** Without these headers browsers give pages neither threads nor exact clocks. */
const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

const TYPES: Record<string, string> = { mjs: 'text/javascript', js: 'text/javascript', wasm: 'application/wasm' };

/** Serves the page, onnxruntime-web and models on loopback, under a path that nobody guesses. */
export class ModelServer {
  readonly #models: ServedModel[] = [];
  readonly #secret = crypto.randomUUID();
  #server: ServerType | undefined;
  #origin = '';

  /** @throws SnpError `runtime` if onnxruntime-web is not installed. */
  async start(): Promise<void> {
    const folder = runtimeFolder();
    const files = new Set(await readdir(folder));
    const app = new Hono();
    app.use(async (context, next) => {
      await next();
      for (const [name, value] of Object.entries(ISOLATED)) context.res.headers.set(name, value);
    });
    app.get(`/${this.#secret}`, (context) => context.html(PAGE));
    app.get('/ort/:name', (context) => {
      const name = context.req.param('name');
      if (!files.has(name)) return context.notFound();
      const type = TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
      return context.body(streamOf(join(folder, name)), 200, { 'Content-Type': type });
    });
    app.get(`/${this.#secret}/:model/model`, (context) => {
      const model = this.#models[Number(context.req.param('model'))];
      return model ? context.body(streamOf(model.path)) : context.notFound();
    });
    app.get(`/${this.#secret}/:model/data/:at`, (context) => {
      const file = this.#models[Number(context.req.param('model'))]?.externalData[Number(context.req.param('at'))];
      return file ? context.body(streamOf(file.path)) : context.notFound();
    });
    app.get(`/${this.#secret}/:model/inputs/:at`, (context) => {
      const feeds = Object.values(this.#models[Number(context.req.param('model'))]?.feeds ?? {});
      const data = feeds[Number(context.req.param('at'))]?.data;
      if (!data || Array.isArray(data)) return context.notFound();
      return context.body(new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength));
    });
    await new Promise<void>((resolve) => {
      this.#server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
        this.#origin = `http://127.0.0.1:${port}`;
        resolve();
      });
    });
    (this.#server as { unref?(): void }).unref?.();
  }

  get page(): string {
    return `${this.#origin}/${this.#secret}`;
  }

  /** Adds a model; returns the URL that its files are under. */
  add(model: ServedModel): string {
    return `${this.page}/${this.#models.push(model) - 1}/`;
  }

  stop(): void {
    this.#server?.close();
    (this.#server as { closeAllConnections?(): void } | undefined)?.closeAllConnections?.();
  }
}

function runtimeFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve('onnxruntime-web'));
  } catch (cause) {
    throw new SnpError(
      'runtime',
      "onnxruntime-web is not installed. Install it beside this package: 'npm install onnxruntime-web'.",
      {},
      { cause },
    );
  }
}

function streamOf(path: string): ReadableStream {
  return Readable.toWeb(createReadStream(path)) as ReadableStream;
}
