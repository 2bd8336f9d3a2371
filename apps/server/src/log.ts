import { type DestinationStream, type Logger, pino } from 'pino';

/** Structured log, a line of JSON for each entry. */
export type Log = Logger;

/** What never stands in a log, wherever it turns up. */
const SECRET = [
  'authorization',
  'cookie',
  'set-cookie',
  'token',
  'secret',
  'code',
  'password',
  'accessKeyId',
  'secretAccessKey',
  'DATABASE_URL',
];

/** Makes the log of a server or a worker. */
export function makeLog(level: string, destination?: DestinationStream): Log {
  const names = SECRET.filter((name) => name !== 'code').map((name) => (name.includes('-') ? `["${name}"]` : name));
  const paths = names.flatMap((name) => [
    name,
    name.startsWith('[') ? `*${name}` : `*.${name}`,
    name.startsWith('[') ? `headers${name}` : `headers.${name}`,
  ]);
  const options = { level, base: null, redact: { paths: [...new Set(paths)], censor: '[secret]' } };
  return destination ? pino(options, destination) : pino(options);
}
