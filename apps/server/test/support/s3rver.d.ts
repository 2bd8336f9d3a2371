declare module 's3rver' {
  /** A small S3-compatible server for tests. */
  export default class S3rver {
    constructor(options: object);
    run(): Promise<{ address: string; port: number }>;
    close(): Promise<void>;
  }
}
