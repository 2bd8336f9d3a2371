import type { Settings } from './settings.js';

/** Options of `startServer`; what is not given has its default. */
export type ServerOptions = Pick<Settings, 'data'> &
  Partial<Settings> & {
    /** Default `127.0.0.1`: this machine alone. */
    host?: string | undefined;
    /** Default 7080; 0 takes any that is free. */
    port?: number | undefined;
    /** `https://snp.example.org`, where a proxy with TLS stands before it. */
    publicUrl?: string | undefined;
    /** Makes a new administrator's token, which takes the place of the one in `DATA/token`. */
    newToken?: boolean | undefined;
  };

/** Defaults of `startServer`. */
export const SERVER_DEFAULTS = { host: '127.0.0.1', port: 7080 } as const;
