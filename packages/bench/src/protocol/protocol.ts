import { SnpError } from '@snp/onnx';

/** What one number stands for a model's latency. */
export type Statistic = 'median' | 'mean' | 'p90';

/** How latency is measured. */
export interface Protocol {
  name: string;
  /**
   * Times that every model is loaded anew, in a new process: how memory happens to lie makes processes of the same model differ by a percent, and
   * only several of them show it. Runs are divided among them.
   */
  launches: number;
  /** Runs before those that count, of every launch; in the first one, more until medians of turns agree within `tolerance`, but no longer than `mostSeconds`. */
  warmUp: { runs: number; tolerance?: number; mostSeconds?: number };
  /** Runs of one model before it is the next one's turn, more where they take less than 0.1 s; one more, not counted, wakes it up. */
  turn: number;
  /** Runs that count, of each model: at least so many, and for at least so long. */
  runs: number;
  leastSeconds: number;
  statistic: Statistic;
  /** Also measure the first model against itself: what the machine's noise alone looks like. */
  selfCheck: boolean;
}

/**
 * Protocols by name. `snp-paper` is that of the SNP paper (arXiv 2404.11630): 200 runs to warm up, the mean of 1,000. `mlperf-single-stream` follows
 * MLPerf Inference's single-stream scenario: the 90th percentile of at least 1,024 runs over at least ten minutes.
 */
export const PROTOCOLS = {
  quick: {
    name: 'quick',
    launches: 3,
    warmUp: { runs: 5, tolerance: 0.1, mostSeconds: 5 },
    turn: 5,
    runs: 30,
    leastSeconds: 0,
    statistic: 'median',
    selfCheck: false,
  },
  default: {
    name: 'default',
    launches: 10,
    warmUp: { runs: 10, tolerance: 0.03, mostSeconds: 20 },
    turn: 10,
    runs: 200,
    leastSeconds: 3,
    statistic: 'median',
    selfCheck: true,
  },
  'snp-paper': {
    name: 'snp-paper',
    launches: 1,
    warmUp: { runs: 200 },
    turn: 20,
    runs: 1000,
    leastSeconds: 0,
    statistic: 'mean',
    selfCheck: false,
  },
  'mlperf-single-stream': {
    name: 'mlperf-single-stream',
    launches: 1,
    warmUp: { runs: 20, tolerance: 0.03, mostSeconds: 60 },
    turn: 32,
    runs: 1024,
    leastSeconds: 600,
    statistic: 'p90',
    selfCheck: false,
  },
} as const satisfies Record<string, Protocol>;

/** Names of the protocols that come along. */
export type ProtocolName = keyof typeof PROTOCOLS;

/**
 * A protocol by its name, or as it is given.
 *
 * @throws SnpError `invalid-argument` for an unknown name, with the names there are.
 */
export function protocolOf(protocol: string | Protocol): Protocol {
  if (typeof protocol !== 'string') return protocol;
  if (Object.hasOwn(PROTOCOLS, protocol)) return PROTOCOLS[protocol as ProtocolName];
  throw new SnpError(
    'invalid-argument',
    `There is no protocol '${protocol}'. Protocols are ${Object.keys(PROTOCOLS).join(', ')}.`,
  );
}
