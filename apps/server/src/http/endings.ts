import type { Database } from '../database/database.js';
import { VALID } from '../security/tokens.js';
import type { Connections } from './connections.js';

/** Ends connections as soon as the token or the session behind them is revoked, by whichever server: no word more is heard on them. */
export async function endWithTokens(database: Database, connections: Connections): Promise<void> {
  const heard = (payload: string) => {
    const [what, id] = payload.split(' ');
    connections.end((identity) => (what === 'token' ? identity.token : identity.session) === id);
  };
  const missed = async () => {
    const tokens = await database.query<{ id: string }>(`select id from snp.tokens where ${VALID}`);
    const sessions = await database.query<{ hash: string }>(`select encode(hash, 'hex') as hash from snp.sessions`);
    const [validTokens, validSessions] = [
      new Set(tokens.map(({ id }) => id)),
      new Set(sessions.map(({ hash }) => hash)),
    ];
    connections.end(
      ({ token, session }) => !validTokens.has(token) || (session !== null && !validSessions.has(session)),
    );
  };
  await database.listen('snp_ended', heard, () => void missed().catch(() => undefined));
}
