import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { type Database, first } from '../database/database.js';

/** As the migration that brought ids makes them. */
const NEW_ID = `left(replace(gen_random_uuid()::text, '-', ''), 12)`;

/** The cookie of a browser that signed in. Its name has the server's id, since all servers of a host share what a browser keeps for it. */
export class SessionCookie {
  readonly #name: string;
  readonly #options: { path: string; httpOnly: boolean; sameSite: 'Strict'; secure: boolean };

  /** @param secure Browsers reach the server by TLS, and send the cookie by nothing else. */
  constructor(server: string, secure: boolean) {
    // Browsers take a name with this beginning from the very host alone, and over TLS.
    this.#name = `${secure ? '__Host-' : ''}snp_session_${server}`;
    this.#options = { path: '/', httpOnly: true, sameSite: 'Strict', secure };
  }

  /** The cookie of the server, or of the servers, of a database. */
  static async of(database: Database, publicUrl: string | undefined): Promise<SessionCookie> {
    // One that began as a copy of the empty database has no id yet (`makeTemplate`).
    await database.query(`insert into snp.server select ${NEW_ID} where not exists (select from snp.server)`);
    const row = await first<{ id: string }>(database, 'select id from snp.server');
    return new SessionCookie(row!.id, publicUrl?.startsWith('https:') ?? false);
  }

  /** The secret that a browser sent. */
  read(context: Context): string | undefined {
    return getCookie(context, this.#name);
  }

  write(context: Context, secret: string, expires: Date): void {
    setCookie(context, this.#name, secret, { ...this.#options, expires });
  }

  remove(context: Context): void {
    deleteCookie(context, this.#name, this.#options);
  }
}
