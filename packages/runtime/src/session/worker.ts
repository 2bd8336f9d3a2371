// Runs models in a process of its own: a run blocks its event loop, and a crash of the runtime ends this process only.
import { rmSync } from 'node:fs';
import { HeldTensors } from './heldTensors.js';
import { OpenModel } from './openModel.js';
import { Parcels } from './parcels.js';
import type { Request, Response } from './protocol.js';

type Ort = typeof import('onnxruntime-node');

const models = new Map<number, OpenModel>();
const held = new HeldTensors(true);
let runtime: Ort | undefined;

async function load(): Promise<Ort> {
  const module = await import('onnxruntime-node');
  runtime ??= (module.default ?? module) as Ort;
  return runtime;
}

async function answer(request: Request): Promise<Response['result']> {
  switch (request.kind) {
    case 'open': {
      const model = await OpenModel.open(await load(), request.path, { settings: request.settings, held });
      models.set(request.session, model);
      return model.interfaces;
    }
    case 'run':
      return opened(request.session).run(request.feeds, request);
    case 'time':
      return opened(request.session).time(request.feeds, request.runs);
    case 'footprint':
      return opened(request.session).footprint();
    case 'takeProfile':
      return opened(request.session).takeProfile();
    case 'takeSum':
      return opened(request.session).takeSum(request.name);
    case 'takeMoments':
      return opened(request.session).takeMoments(request.name);
    case 'hold':
      held.put(await load(), request.tensors);
      return undefined;
    case 'held':
      return held.copies(request.names);
    case 'letGo':
      held.remove(request.names);
      return undefined;
    case 'close':
      await models.get(request.session)?.close();
      models.delete(request.session);
      return undefined;
  }
}

function opened(number: number): OpenModel {
  const model = models.get(number);
  if (!model) throw new Error('the model was closed');
  return model;
}

const folder = process.argv[2];
const parcels = new Parcels(folder, 'from');

/** To a parent that may just have died: `disconnect` tells of it, and clears away. */
function send(response: Response): void {
  if (process.connected) process.send!(response, undefined, undefined, () => undefined);
}

process.on('message', async (request: Request) => {
  try {
    send({ id: request.id, result: parcels.pack(await answer(parcels.unpack(request))) });
  } catch (error) {
    send({ id: request.id, error: error instanceof Error ? error.message : String(error) });
  }
});
// Ctrl-C reaches all processes of a terminal. What becomes of this one is the parent's to say.
process.on('SIGINT', () => undefined);
// The parent is gone: so is the reason to run.
process.on('disconnect', () => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});
