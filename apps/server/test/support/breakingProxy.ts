import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** A proxy before a server that breaks the first answer off, half-way, to each kind of path. */
export async function breakingProxy(
  server: string,
  paths: RegExp[],
): Promise<{ url: string; left(): number; close(): Promise<unknown> }> {
  const open = new Set(paths);
  const { host } = new URL(server);
  const proxy = createServer((from, to) => {
    const { method, headers, url = '/' } = from;
    const onward = request(server + url, { method, headers: { ...headers, host } }, async (answer) => {
      const body = await buffer(answer).catch(() => Buffer.alloc(0));
      to.writeHead(answer.statusCode!, answer.headers);
      const path = [...open].find((one) => one.test(url));
      if (!path) return to.end(body);
      open.delete(path);
      return to.write(body.subarray(0, body.length / 2), () => to.destroy());
    });
    onward.on('error', () => to.destroy());
    from.pipe(onward);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const close = async () => {
    proxy.closeAllConnections();
    proxy.close();
    await once(proxy, 'close');
  };
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, left: () => open.size, close };
}
