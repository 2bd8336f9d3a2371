import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { z } from '@hono/zod-openapi';
import type { Role } from '../api/route.js';
import type { tokenSchema } from '../api/tokens.js';
import { type Database, first, type Sql } from '../database/database.js';
import { Failure } from '../failure.js';

/** A token as clients see it. */
export type Token = z.infer<typeof tokenSchema>;

/** Who is asking. */
export interface Identity {
  token: string;
  name: string;
  role: Role;
  by: 'token' | 'session';
  /** Hash of the session's secret, where a browser asks. */
  session: string | null;
  /** Of the token or the session, whichever is sooner. */
  expires: Date | null;
}

interface TokenRow {
  id: string;
  name: string;
  role: Role;
  hash: Uint8Array;
  created: Date;
  used: Date | null;
  expires: Date | null;
}

/** What a browser gets that signs in. */
export interface OpenedSession {
  identity: Identity;
  /** Of the cookie. */
  secret: string;
  expires: Date;
}

const SESSION_DAYS = 7;
/** Browsers that one token signs in at once; the oldest are signed out. */
const MOST_SESSIONS = 100;
const CODE_MINUTES = 15;
const SECRET_BYTES = 24;
/** Of a row of `snp.tokens`: it is a token still. */
export const VALID = '(expires is null or expires > now())';

/**
 * Tokens, and the sessions of browsers that signed in with one. Of secrets only hashes are kept; they are random and long, so that a quick
 * hash is enough, and found by it or by their public part, so that a comparison tells nothing by the time it takes.
 */
export class Tokens {
  constructor(private readonly database: Database) {}

  /** Makes a token; its secret is told once. */
  create(name: string, role: Role, minutes?: number): Promise<Token & { secret: string }> {
    return this.createKept(name, role, async () => undefined, minutes);
  }

  /** Makes a token that is valid once its secret is kept. */
  async createKept(
    name: string,
    role: Role,
    keep: (secret: string) => Promise<void>,
    minutes?: number,
  ): Promise<Token & { secret: string }> {
    const id = randomUUID();
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const whole = `snp_${id}_${secret}`;
    await keep(whole);
    const row = await first<TokenRow>(
      this.database,
      `insert into snp.tokens (id, name, role, hash, expires) values ($1, $2, $3, $4, now() + make_interval(mins => $5)) returning *`,
      [id, name, role, digest(secret), minutes ?? null],
    );
    return { ...presentToken(row!), secret: whole };
  }

  async list(): Promise<Token[]> {
    return (await this.database.query<TokenRow>('select * from snp.tokens order by created, id')).map(presentToken);
  }

  /** Revokes a token and all sessions that it opened. The last administrator stays. */
  async remove(id: string): Promise<void> {
    await this.database.transaction(async (sql) => {
      const admins = await sql.query<{ id: string }>(
        `select id from snp.tokens where role = 'admin' and ${VALID} for update`,
      );
      if (admins.length === 1 && admins[0].id === id)
        throw new Failure('conflict', 'This is the last token of an administrator. Make another one first.');
      const gone = await sql.query('delete from snp.tokens where id = $1 returning 1', [id]);
      if (gone.length === 0) Failure.notFound('token', id);
    });
  }

  /** Id of an administrator whose token is valid, and stays so the longest. */
  async admin(): Promise<string | undefined> {
    const row = await first<{ id: string }>(
      this.database,
      `select id from snp.tokens where role = 'admin' and ${VALID} order by expires desc nulls first, created limit 1`,
    );
    return row?.id;
  }

  /** Who has this token; undefined if nobody. */
  async identify(token: string): Promise<Identity | undefined> {
    const [, id, secret] = /^snp_([0-9a-f-]{36})_([A-Za-z0-9_-]{20,100})$/.exec(token) ?? [];
    if (!id) return undefined;
    const row = await first<TokenRow>(this.database, `select * from snp.tokens where id = $1 and ${VALID}`, [id]);
    // Compared in any case, with something: how long it takes does not tell whether there is such a token.
    const same = timingSafeEqual(digest(secret), row ? Buffer.from(row.hash) : digest(''));
    if (!row || !same) return undefined;
    await this.#touch(row);
    return { token: row.id, name: row.name, role: row.role, by: 'token', session: null, expires: row.expires };
  }

  /** Who opened this session; undefined if nobody, or long ago. */
  async identifySession(secret: string): Promise<Identity | undefined> {
    const hash = digest(secret);
    const row = await first<TokenRow & { until: Date }>(
      this.database,
      `select t.*, least(s.expires, t.expires) as until from snp.sessions s join snp.tokens t on t.id = s.token
       where s.hash = $1 and not s.once and s.expires > now() and (t.expires is null or t.expires > now())`,
      [hash],
    );
    if (!row) return undefined;
    const { id, name, role, until } = row;
    return { token: id, name, role, by: 'session', session: hash.toString('hex'), expires: until };
  }

  /** Opens a session for whoever has a token. */
  async openSession(token: string): Promise<OpenedSession | undefined> {
    const identity = await this.identify(token);
    return identity && this.#open(this.database, identity);
  }

  /** Opens a session for whoever has the code of a link. It works once. */
  async redeem(code: string): Promise<OpenedSession | undefined> {
    return this.database.transaction(async (sql) => {
      const row = await first<{ token: string }>(
        sql,
        'delete from snp.sessions where hash = $1 and once and expires > now() returning token',
        [digest(code)],
      );
      const token =
        row && (await first<TokenRow>(sql, `select * from snp.tokens where id = $1 and ${VALID}`, [row.token]));
      return token && this.#open(sql, { ...token, token: token.id });
    });
  }

  /** A code that lets a browser sign in once, in the next minutes. */
  async makeCode(token: string): Promise<string> {
    const code = randomBytes(SECRET_BYTES).toString('base64url');
    await this.database.query(
      `insert into snp.sessions (hash, token, once, expires) values ($1, $2, true, now() + make_interval(mins => ${CODE_MINUTES}))`,
      [digest(code), token],
    );
    return code;
  }

  async closeSession(secret: string): Promise<void> {
    await this.database.query('delete from snp.sessions where hash = $1', [digest(secret)]);
  }

  /** Forgets sessions and codes that are over. */
  async sweep(): Promise<void> {
    await this.database.query('delete from snp.sessions where expires < now()');
  }

  async #open(sql: Sql, { token, name, role }: Pick<Identity, 'token' | 'name' | 'role'>): Promise<OpenedSession> {
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const hash = digest(secret);
    const row = await first<{ expires: Date }>(
      sql,
      `insert into snp.sessions (hash, token, expires)
       select $1, id, least(expires, now() + make_interval(days => ${SESSION_DAYS})) from snp.tokens where id = $2 returning expires`,
      [hash, token],
    );
    await sql.query(
      `delete from snp.sessions where hash in
         (select hash from snp.sessions where token = $1 and not once order by expires desc offset ${MOST_SESSIONS})`,
      [token],
    );
    const { expires } = row!;
    return { identity: { token, name, role, by: 'session', session: hash.toString('hex'), expires }, secret, expires };
  }

  /** To the minute: more often would only wear the disk. */
  async #touch({ id, used }: TokenRow): Promise<void> {
    if (used && Date.now() - used.getTime() < 60_000) return;
    await this.database.query('update snp.tokens set used = now() where id = $1', [id]);
  }
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function presentToken({ id, name, role, created, used, expires }: TokenRow): Token {
  return {
    id,
    name,
    role,
    created: created.toISOString(),
    used: used?.toISOString() ?? null,
    expires: expires?.toISOString() ?? null,
  };
}
