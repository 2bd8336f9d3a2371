// Floods of a server by one token, each of another resource: `floods.mjs NAME URL SECRET MODEL`, in a process of its own, until it hears 'enough'.
import { randomUUID } from 'node:crypto';
import { ServerClient } from './serverClient.mjs';

/** Requests at once. */
const AT_ONCE = 8;

/** Each makes one request; the status of the answer. */
export const FLOODS = {
  requests: (client) => send(client, 'GET', '/api/jobs?limit=20'),
  'announced uploads': (client) => send(client, 'PUT', `/api/uploads/${randomUUID()}`, { 'upload-length': '1000000' }),
  'streams of events': async (client, { kept }) => {
    const response = await fetch(`${client.url}/api/events`, { headers: client.headers });
    // One that nobody holds is closed.
    if (response.ok) kept.push(response);
    else await response.arrayBuffer();
    return response.status;
  },
  jobs: (client, { model, at }) =>
    sendJson(client, 'POST', '/api/prunings', {
      model,
      name: 'flood.onnx',
      target: { ratios: { ffn: 0.01 * (1 + (at % 90)) } },
      seed: at,
    }),
  devices: (client) =>
    sendJson(client, 'PUT', `/api/devices/${randomUUID()}`, {
      name: 'flood',
      fingerprint: {
        ...{ cpu: 'x', cores: 1, architecture: 'x64', os: 'x', node: 'x', accelerators: [] },
        ...{ memoryBytes: 1, freeMemoryBytes: 1 },
      },
      targets: [{ name: 'cpu', description: 'x', available: true }],
    }),
  predictions: (client, { model, at }) =>
    sendJson(client, 'POST', `/api/models/${model}/predictions`, { target: { ratios: { ffn: (at % 99) / 100 } } }),
};

async function send({ url, headers }, method, path, more = {}, body = undefined) {
  const response = await fetch(url + path, { method, headers: { ...headers, ...more }, body });
  await response.arrayBuffer();
  return response.status;
}

function sendJson(client, method, path, body) {
  return send(client, method, path, { 'content-type': 'application/json' }, JSON.stringify(body));
}

const [, script, name, url, secret, model] = process.argv;
if (script === import.meta.filename) {
  const client = new ServerClient(url, secret);
  const kept = [];
  const statuses = {};
  let isWanted = true;
  let at = 1;
  const work = Array.from({ length: AT_ONCE }, async () => {
    while (isWanted) {
      const status = await FLOODS[name](client, { kept, model, at: at++ }).catch((error) => error.message);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  });
  process.once('message', async () => {
    isWanted = false;
    await Promise.all(work);
    process.send(statuses);
  });
}
