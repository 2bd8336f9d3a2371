import type { AttentionSpec } from './attentionSpec.js';
import { controlSpelling } from './controls.js';
import { linearAttention } from './linearAttentions.js';
import { rotarySpelling } from './rotaries.js';
import type { BlockSpec, SpelledSpec } from './spelledSpec.js';

/**
 * Why nothing of a width may leave, whatever way the model is written: what the formulas, or those that feed it, need whole. Every other width has to be prunable.
 *
 * @param width as in the names of units: `encoder.x`, `encoder.0.attention.q`, `encoder.0.ffn.hidden`, ...
 * @param narrowCache inputs and outputs of past keys and values may become narrower
 */
export function whyClosed(spec: SpelledSpec, width: string, narrowCache: boolean): string | undefined {
  const [, stack, block, part] = /^(\w+)\.(\d+)?\.?(.*)$/.exec(width) ?? [];
  if (part === 'x') return whyStream(spec, stack);
  const own = spec.blocks[spec.repeated ? 0 : Number(block)];
  if (!own || !part) return undefined;
  if (part.startsWith('attention.')) return whyAttention(own.attention, part.slice('attention.'.length), narrowCache);
  return part.startsWith('ffn.') ? whyFfn(own) : undefined;
}

function whyStream({ head, graph, exits, blocks }: SpelledSpec, stack: string): string | undefined {
  const answers = graph === 'encoder-decoder' ? 'decoder' : 'encoder';
  const ends = exits === 'streams' || (graph !== 'two-towers' && (head === 'stream' || head === 'several'));
  if (ends && stack === answers) return 'the stream is an output';
  return blocks.map(whyFfn).find((why) => why);
}

function whyFfn({ branches, ffn }: BlockSpec): string | undefined {
  const runs = branches !== 'attention' && controlSpelling(ffn.control).computed;
  return runs ? 'a body that may or may not run, or several times, reads it' : undefined;
}

function whyAttention(spec: AttentionSpec, part: string, narrowCache: boolean): string | undefined {
  if (spec.cache !== 'none' && !narrowCache) return 'other programs feed past keys and values';
  if (part === 'v') return undefined;
  const feature = linearAttention(spec.core)?.feature;
  if (feature === 'elu') return 'features of nothing are one';
  if (feature === 'softmax') return 'a softmax runs over the neurons';
  return rotarySpelling(spec.rotary).pairs !== 'none' && spec.queryKey === 2
    ? 'one pair of neurons per head'
    : undefined;
}
