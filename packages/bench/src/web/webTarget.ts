import { SnpError } from '@snp/onnx';
import { externalDataFiles } from '@snp/onnx/node';
import { counted } from '@snp/pages';
import type { Browser, Page } from 'playwright-core';
import { feedsOf } from '../target/feeds.js';
import type { BenchModel, OpenedModel, Probe, Target } from '../target/target.js';
import { startBrowser } from './browser.js';
import { ModelServer } from './modelServer.js';

/** Options of `webTarget`. */
export interface WebTargetOptions {
  /** Default `wasm`. */
  provider?: 'wasm' | 'webgpu' | undefined;
  /** Threads of WebAssembly. Default 1. */
  threads?: number | undefined;
}

interface PageApi {
  openModel(options: unknown): Promise<{ loadMs: number; version: string }>;
  time(runs: number): Promise<number[]>;
}

/** onnxruntime-web in a headless Chromium on this machine: what visitors of a web page would get. Each model has a page of its own. */
export function webTarget({ provider = 'wasm', threads = 1 }: WebTargetOptions = {}): Target {
  let started: Promise<{ browser: Browser; server: ModelServer }> | undefined;
  const start = async () => {
    const server = new ModelServer();
    await server.start();
    const browser = await startBrowser({ webgpu: provider === 'webgpu' }).catch((error) => {
      server.stop();
      throw error;
    });
    return { browser, server };
  };
  const open = async (model: BenchModel, signal: AbortSignal | undefined): Promise<OpenedModel> => {
    started ??= start();
    const { browser, server } = await started;
    const [feeds, externalData] = await Promise.all([feedsOf(model), externalDataFiles(model.path)]);
    const folder = server.add({ path: model.path, feeds, externalData });
    const context = await browser.newContext();
    const page = await context.newPage();
    const call = callsOf(page);
    await load(page, server);
    const inputs = Object.entries(feeds).map(([name, { type, dims }]) => ({ name, type, dims }));
    const script = provider === 'webgpu' ? '/ort/ort.min.mjs' : '/ort/ort.wasm.min.mjs';
    const { loadMs } = await call(
      'openModel',
      { script, folder, inputs, externalData: externalData.map(({ location }) => location), provider, threads },
      signal,
    );
    return {
      time: (runs, options) => call('time', runs, options?.signal),
      footprint: async () => ({ loadMs }),
      close: () => context.close(),
    };
  };
  return {
    name: provider === 'webgpu' ? 'web-webgpu' : `web-wasm-${threads}`,
    description: `onnxruntime-web in Chromium, ${provider === 'webgpu' ? 'WebGPU' : `WebAssembly, ${counted(threads, 'thread')}`}`,
    probe: () => probe(provider),
    open: (model, options) => open(model, options?.signal),
    async close() {
      const running = await started?.catch(() => undefined);
      started = undefined;
      await running?.browser.close();
      running?.server.stop();
    },
  };
}

/** Opens the page that runs models. */
async function load(page: Page, server: ModelServer): Promise<void> {
  await page.goto(server.page);
  await page.waitForFunction('globalThis.ready');
}

/** Calls a function of the page; the page is closed where the caller stops waiting or the page crashes. */
function callsOf(page: Page) {
  const crashed = new Promise<never>((_, reject) => {
    page.on('crash', () =>
      reject(new SnpError('runtime', 'The page crashed: the model may need more memory than a page has.')),
    );
  });
  crashed.catch(() => undefined);
  return async <Name extends keyof PageApi>(
    name: Name,
    argument: Parameters<PageApi[Name]>[0],
    signal?: AbortSignal,
  ): Promise<Awaited<ReturnType<PageApi[Name]>>> => {
    const close = () => void page.close().catch(() => undefined);
    signal?.addEventListener('abort', close, { once: true });
    try {
      const work = page.evaluate(
        ([own, value]) => (globalThis as never as Record<string, (v: unknown) => unknown>)[own](value),
        [name, argument] as const,
      );
      return (await Promise.race([work, crashed])) as Awaited<ReturnType<PageApi[Name]>>;
    } catch (error) {
      if (error instanceof SnpError) throw error;
      const text = (error as Error).message.replace(/^page\.evaluate: (Error: )?/, '').split('\n')[0];
      throw new SnpError('runtime', `The browser refused: ${text}`, {}, { cause: error });
    } finally {
      signal?.removeEventListener('abort', close);
    }
  };
}

async function probe(provider: 'wasm' | 'webgpu'): Promise<Probe> {
  const server = new ModelServer();
  try {
    await server.start();
    const browser = await startBrowser({ webgpu: provider === 'webgpu' });
    try {
      const page = await browser.newPage();
      await load(page, server);
      const { isolated, adapter, version } = (await page.evaluate(`(async () => ({
        isolated: crossOriginIsolated,
        adapter: ${provider === 'webgpu' ? 'await hasAdapter()' : 'false'},
        version: (await import('/ort/ort.wasm.min.mjs')).env.versions.web,
      }))()`)) as { isolated: boolean; adapter: boolean; version: string };
      if (!isolated) return { available: false, reason: 'The browser does not isolate the page, which threads need.' };
      if (provider === 'webgpu' && !adapter) return { available: false, reason: 'The browser has no WebGPU adapter.' };
      return { available: true, runtime: 'onnxruntime-web', version, detail: `Chromium ${browser.version()}` };
    } finally {
      await browser.close();
    }
  } catch (error) {
    if (error instanceof Error) return { available: false, reason: error.message.split('\n')[0] };
    throw error;
  } finally {
    server.stop();
  }
}
