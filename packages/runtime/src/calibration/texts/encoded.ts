import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SnpError } from '@snp/onnx';
import { onnxRuntime } from '../../session/onnxRuntime.js';
import type { Feeds, RuntimeTensor, Session, TensorInfo } from '../../session/runtime.js';
import type { Calibration, Sample } from '../calibration.js';
import { encodedInputs, isEncoded, isPast, textFeeds, tokenInputs } from './textFeeds.js';

/** The files of an encoder-decoder as Optimum writes them. */
export interface EncoderFiles {
  /** `encoder_model.onnx`: gives `last_hidden_state`. */
  encoder: string;
  /** `decoder_model.onnx`: gives keys and values of the encoder's answer for a decoder that reads them (`decoder_with_past_model.onnx`). */
  decoder?: string | undefined;
}

const DECODER_FILE = /^decoder(_with_past)?(_model)?(_merged)?/;

/** The encoder that lies beside a decoder, as Optimum and transformers.js name them: `encoder_model_fp16.onnx` beside `decoder_model_fp16.onnx`; with `decoder_model.onnx` beside `decoder_with_past_model.onnx`. */
export async function encoderBeside(model: string): Promise<EncoderFiles | undefined> {
  const [folder, file] = [dirname(model), basename(model)];
  const found = DECODER_FILE.exec(file);
  if (!found) return undefined;
  const [, past, whole = ''] = found;
  const rest = file.slice(found[0].length).replace(/^\.snp/, '');
  const there = async (name: string) =>
    (await stat(join(folder, name)).catch(() => undefined)) ? join(folder, name) : undefined;
  const encoder = await there(`encoder${whole}${rest}`);
  return encoder === undefined
    ? undefined
    : { encoder, decoder: past ? await there(`decoder${whole}${rest}`) : undefined };
}

/**
 * Texts for a decoder of its own file: the encoder reads each text, and the decoder, which is to say it again, what the encoder makes of it.
 *
 * @param texts For the decoder's other inputs.
 * @param inputs Of the decoder.
 * @throws SnpError `calibration` where an input cannot be made.
 */
export function encoded(texts: Calibration, inputs: readonly TensorInfo[], files: EncoderFiles): Calibration {
  const wanted = encodedInputs(inputs);
  const kept = new Map<number, Feeds>();
  let room = MOST_KEPT;
  return {
    count: texts.count,
    get skipped() {
      return texts.skipped;
    },
    description: texts.description && `${texts.description}; read by ${files.encoder}`,
    decode: texts.decode,
    async *samples(signal): AsyncGenerator<Sample> {
      let encoder: Encoder | undefined;
      let at = 0;
      try {
        for await (const sample of texts.samples(signal)) {
          let made = kept.get(at);
          if (!made) {
            encoder ??= await openEncoder(files, wanted, signal);
            made = await encoder.read(idsOf(sample, inputs));
            room -= Object.values(made).reduce((sum, { data }) => sum + (data as Float32Array).byteLength, 0);
            if (room >= 0) kept.set(at, made);
          }
          at++;
          yield { ...sample, feeds: { ...sample.feeds, ...made } };
        }
      } finally {
        await encoder?.close();
      }
    },
  };
}

/** Bytes of what the encoder said that are kept for further passes; what is beyond is read again. */
const MOST_KEPT = 256e6;

/** Makes the inputs of a decoder that an encoder's answer is for. */
interface Encoder {
  read(ids: readonly number[]): Promise<Feeds>;
  close(): Promise<void>;
}

async function openEncoder(
  files: EncoderFiles,
  wanted: readonly TensorInfo[],
  signal: AbortSignal | undefined,
): Promise<Encoder> {
  const runtime = onnxRuntime();
  const open: Session[] = [];
  const close = async () => {
    for (const session of open) await session.close();
  };
  try {
    open.push(await runtime.open(files.encoder, { signal }));
    if (wanted.some(isPast)) open.push(await runtime.open(decoderOf(files, wanted.filter(isPast)), { signal }));
  } catch (error) {
    await close();
    throw error;
  }
  const [encoder, decoder] = open;
  return {
    close,
    async read(ids) {
      const found = await encoder.run(textFeeds(ids, encoder.inputs), { signal });
      const memory = found[encoder.outputs[0].name];
      const present = decoder && (await decoder.run(decoderFeeds(decoder, ids, memory), { signal }));
      return Object.fromEntries(wanted.map((input) => [input.name, feedOf(input, memory, present)]));
    },
  };
}

function idsOf({ feeds }: Sample, inputs: readonly TensorInfo[]): number[] {
  return Array.from(feeds[tokenInputs(inputs)[0].name].data as BigInt64Array, Number);
}

function decoderFeeds({ inputs }: Session, ids: readonly number[], memory: RuntimeTensor): Feeds {
  const plain = textFeeds(
    ids,
    inputs.filter((input) => !isEncoded(input)),
  );
  const encoded = inputs.filter(isEncoded).map((input): [string, RuntimeTensor] => [input.name, feedOf(input, memory)]);
  return { ...plain, ...Object.fromEntries(encoded) };
}

/** The encoder's answer, its mask, or keys and values that another decoder made of it. */
function feedOf(input: TensorInfo, memory: RuntimeTensor, present: Feeds = {}): RuntimeTensor {
  const { name, dims } = input;
  const tokens = memory.dims[1];
  if (/mask/i.test(name)) return textFeeds(new Array<number>(tokens).fill(0), [input])[name];
  const made = isPast(input) ? present[name.replace(/^past_key_values/, 'present')] : memory;
  if (
    made &&
    made.dims.length === dims.length &&
    made.dims.every((size, axis) => typeof dims[axis] !== 'number' || axis === 0 || dims[axis] === size)
  )
    return made;
  throw new SnpError(
    'calibration',
    `Input '${name}' [${dims.map((dim) => dim ?? '?').join(', ')}] cannot be made from the encoder beside the decoder. Is it one of another model? Else give arrays for all inputs: an .npz file with their names as keys.`,
  );
}

function decoderOf({ encoder, decoder }: EncoderFiles, [input]: readonly TensorInfo[]): string {
  if (decoder !== undefined) return decoder;
  throw new SnpError(
    'calibration',
    `Keys and values of the encoder's answer (such as '${input.name}') are made by the decoder without a past: lay it beside ${encoder} as decoder_model.onnx.`,
    { file: encoder },
  );
}
