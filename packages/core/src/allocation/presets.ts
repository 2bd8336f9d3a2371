import type { Analysis, Group } from '@snp/graph';
import { SnpError } from '@snp/onnx';
import type { Widths } from '../plan/widths.js';

/** Widths that stay in one block: query/key and value neurons per head, hidden neurons of the FFN. */
export type BlockWidths = readonly [queryKey: number, value: number, ffn: number];

/** A published architecture: which model it is for, and what stays. */
export interface Preset {
  /** The model before: residual width, heads, and widths per block. */
  readonly from: { readonly residual: number; readonly heads: number; readonly block: BlockWidths };
  readonly residual: number;
  readonly blocks: readonly BlockWidths[];
  /** Heads that stay in every block, where some leave whole; the plug-in for heads chooses which. */
  readonly heads?: number;
}

/**
 * The pruned architectures published with SNP (Shim, Yun, Choi, arXiv 2404.11630, and the ratio tables of its authors'
 * repository; kept = n - floor(n x ratio)). Of SNP with head pruning only the cost was published, 3.5 GMACs of DeiT-Base: `snp-deit-base-head` has that
 * cost, with half of the heads, three fifths of the residual channels, the query/key and value widths of `snp-deit-base`, and its FFN widths in proportion.
 */
export const presets = {
  'snp-deit-tiny': {
    from: { residual: 192, heads: 3, block: [64, 64, 768] },
    residual: 153,
    blocks: [
      [39, 51, 614],
      [39, 51, 614],
      [39, 38, 614],
      [32, 31, 614],
      [26, 38, 614],
      [32, 19, 460],
      [26, 38, 537],
      [20, 38, 537],
      [20, 31, 614],
      [20, 25, 537],
      [20, 19, 460],
      [20, 19, 383],
    ],
  },
  'snp-deit-small': {
    from: { residual: 384, heads: 6, block: [64, 64, 1536] },
    residual: 307,
    blocks: [
      [25, 51, 1228],
      [25, 38, 1228],
      [25, 38, 1228],
      [25, 38, 1228],
      [25, 31, 1228],
      [25, 31, 1075],
      [25, 31, 1228],
      [13, 25, 921],
      [13, 19, 921],
      [13, 19, 921],
      [13, 12, 307],
      [13, 12, 307],
    ],
  },
  'snp-deit-small-1.3g': {
    from: { residual: 384, heads: 6, block: [64, 64, 1536] },
    residual: 345,
    blocks: [
      [26, 12, 1382],
      [20, 19, 1075],
      [20, 19, 1075],
      [13, 12, 307],
      [13, 12, 307],
      [13, 12, 307],
      [13, 12, 307],
      [13, 12, 307],
      [13, 12, 307],
      [13, 12, 307],
      [13, 12, 307],
      [13, 12, 307],
    ],
  },
  'snp-deit-base': {
    from: { residual: 768, heads: 12, block: [64, 64, 3072] },
    residual: 538,
    blocks: [
      [20, 20, 2151],
      [20, 20, 1229],
      [20, 20, 2151],
      [20, 20, 2151],
      [20, 20, 2151],
      [26, 26, 1536],
      [20, 20, 2151],
      [20, 26, 1844],
      [20, 20, 2151],
      [20, 20, 1844],
      [26, 39, 1844],
      [20, 32, 922],
    ],
  },
  'snp-deit-base-head': {
    from: { residual: 768, heads: 12, block: [64, 64, 3072] },
    residual: 461,
    heads: 6,
    blocks: [
      [20, 20, 1452],
      [20, 20, 830],
      [20, 20, 1452],
      [20, 20, 1452],
      [20, 20, 1452],
      [26, 26, 1037],
      [20, 20, 1452],
      [20, 26, 1245],
      [20, 20, 1452],
      [20, 20, 1245],
      [26, 39, 1245],
      [20, 32, 622],
    ],
  },
} satisfies Record<string, Preset>;

/** Names of the published presets. */
export type PresetName = keyof typeof presets;

/** Whether whole heads leave under a preset, so that a plug-in has to choose them. False where there is none of this name. */
export function takesHeads(name: string): boolean {
  return Object.hasOwn(presets, name) && 'heads' in presets[name as PresetName];
}

/** The widths a preset gives the groups of a model, heads among them; an error that names the difference if the model is not the one it is for. */
export function presetWidths(name: string, analysis: Analysis): Widths {
  const preset: Preset | undefined = Object.hasOwn(presets, name) ? presets[name as PresetName] : undefined;
  if (!preset) {
    throw new SnpError(
      'invalid-argument',
      `There is no preset '${name}'. Choose one of ${Object.keys(presets).join(', ')}.`,
    );
  }
  const { from } = preset;
  const mismatch = (what: string): never => {
    throw new SnpError(
      'invalid-argument',
      `Preset '${name}' is for a model of ${preset.blocks.length} blocks, residual width ${from.residual}, ${from.heads} heads of ${from.block[0]} and FFN width ${from.block[2]}; this model has ${what}. Use --keep-macs, --keep-params or a plan instead.`,
    );
  };
  if (analysis.blocks.length !== preset.blocks.length) mismatch(`${analysis.blocks.length} blocks`);
  const residual = analysis.groups.filter((group) => group.kind === 'residual');
  if (residual.length !== 1) mismatch(`${residual.length} residual groups that can be pruned`);
  if (residual[0].units !== from.residual) mismatch(`residual width ${residual[0].units}`);
  const widths: Widths = { [residual[0].id]: preset.residual };
  for (const [at, block] of analysis.blocks.entries()) {
    const parts: (readonly [string, Group | undefined, number, number])[] = [
      ['query/key', block.queryKey, from.heads, 0],
      ['value', block.value, from.heads, 1],
      ['FFN', block.ffn.length === 1 ? block.ffn[0] : undefined, 1, 2],
    ];
    for (const [what, group, lanes, part] of parts) {
      if (!group) throw mismatch(`no prunable ${what} group in block ${at}`);
      const width = group.units / group.lanes;
      if (group.lanes !== lanes || width !== from.block[part])
        mismatch(`${what} of ${group.lanes} x ${width} in block ${at}`);
      widths[group.id] = preset.blocks[at][part];
    }
    if (preset.heads === undefined) continue;
    const heads = analysis.heads.find((set) => set.block === block.index && !set.frozen);
    if (!heads) throw mismatch(`heads that cannot leave in block ${at}`);
    widths[heads.id] = preset.heads;
  }
  return widths;
}
