import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { shareOf } from '../security/shares.js';
import type { Identity } from '../security/tokens.js';

/** Connections at once, of all. */
const MOST = 4000;

/** How often it is looked for connections whose token has expired, in milliseconds. */
const CHECK = 500;

interface Connection {
  /** Whose it is: a network until a request brings a token. */
  owner: string;
  /** Who asked last. */
  identity: Identity | undefined;
  /** Requests that are being answered. */
  requests: number;
  /** Its answer is waited for by whoever ended its token. */
  spared: boolean;
}

/**
 * Keeps one from taking all connections, and ends those of tokens that are none any more, with all that they are at. Where an owner has its
 * share, or all are taken, one that idles makes room: of the owner, or of whoever has the most. What a token is at stays.
 */
export class Connections {
  readonly #open = new Map<Socket, Connection>();
  readonly #byOwner = new Map<string, Set<Socket>>();
  readonly #timer = setInterval(() => this.#endExpired(), CHECK).unref();

  constructor(private readonly most = MOST) {}

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => this.#add(socket));
    server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      const connection = this.#open.get(socket);
      if (!connection) return;
      connection.requests++;
      connection.spared = false;
      response.once('close', () => {
        connection.requests--;
      });
    });
  }

  /** Says who asks on a connection; false if the token has too many that are at work. */
  own(socket: Socket, identity: Identity): boolean {
    const connection = this.#open.get(socket);
    if (!connection) return true;
    connection.identity = identity;
    const { token } = identity;
    if (connection.owner === token) return true;
    this.#leave(socket, connection);
    connection.owner = token;
    this.#join(socket, connection);
    return this.of(token) <= shareOf(this.most) || this.#makeRoom(token);
  }

  /** How many an owner has. */
  of(owner: string): number {
    return this.#byOwner.get(owner)?.size ?? 0;
  }

  /** Lets a connection live until the answer of its request is sent, whatever becomes of its token. */
  spare(socket: Socket): void {
    const connection = this.#open.get(socket);
    if (connection) connection.spared = true;
  }

  /** Ends all connections of whom this holds. */
  end(holds: (identity: Identity) => boolean): void {
    for (const [socket, { identity, spared }] of this.#open)
      if (identity && !spared && holds(identity)) socket.destroy();
  }

  /** Who is connected. */
  identities(): Identity[] {
    return [...this.#open.values()].flatMap(({ identity }) => identity ?? []);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #endExpired(): void {
    const now = Date.now();
    this.end(({ expires }) => expires !== null && expires.getTime() <= now);
  }

  #add(socket: Socket): void {
    const owner = networkOf(socket.remoteAddress ?? '');
    const room =
      (this.of(owner) < shareOf(this.most) || this.#makeRoom(owner)) &&
      (this.#open.size < this.most || this.#makeRoom(this.#largest()));
    if (!room) {
      socket.destroy();
      return;
    }
    const connection: Connection = { owner, identity: undefined, requests: 0, spared: false };
    this.#open.set(socket, connection);
    this.#join(socket, connection);
    socket.once('close', () => this.#forget(socket, connection));
  }

  /** Ends the oldest connection of an owner that idles or, of one without a token, that has been at its request the longest. */
  #makeRoom(owner: string): boolean {
    const own = [...(this.#byOwner.get(owner) ?? [])].map((socket) => [socket, this.#open.get(socket)!] as const);
    const [socket, connection] =
      own.find(([, { requests }]) => requests === 0) ?? own.find(([, { identity }]) => !identity) ?? [];
    if (!socket || !connection) return false;
    this.#forget(socket, connection);
    socket.destroy();
    return true;
  }

  #largest(): string {
    let [largest, most] = ['', 0];
    for (const [owner, { size }] of this.#byOwner) if (size > most) [largest, most] = [owner, size];
    return largest;
  }

  #forget(socket: Socket, connection: Connection): void {
    if (this.#open.delete(socket)) this.#leave(socket, connection);
  }

  #join(socket: Socket, { owner }: Connection): void {
    const others = this.#byOwner.get(owner) ?? new Set();
    this.#byOwner.set(owner, others.add(socket));
  }

  #leave(socket: Socket, { owner }: Connection): void {
    const others = this.#byOwner.get(owner);
    others?.delete(socket);
    if (others?.size === 0) this.#byOwner.delete(owner);
  }
}

/** An address as shares are counted: of IPv6 the first 64 bits, which one machine has to itself. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped) return mapped;
  if (!address.includes(':')) return address;
  const [head, tail] = address.split('%')[0].split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - before.length - after.length }, () => '0');
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}
