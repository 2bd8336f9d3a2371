import { dataTypeCode, type Model, type Value } from '@snp/onnx';
import { TapBuilder } from './build.js';

/** What is added to the place of the rows with each batch, in stretches: by the golden ratio, so that places come again late and lie apart. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Older operators cannot compute with sizes as places are made of them. */
export const PICKING_OPSET = 12;

/** Picks some of the rows of values in a model: one row of each of so many stretches of equal length, at another place of the stretch in every batch. */
export class RowPlaces {
  readonly #build: TapBuilder;
  readonly #known = new Map<string, Value>();
  #place: Value | undefined;

  constructor(model: Model) {
    this.#build = new TapBuilder(model);
  }

  /**
   * @param rows A value [rows, ...].
   * @param wanted How many of them; where there are fewer, all.
   * @param total Anything that says how many rows there are: values that share it have the same rows picked by the same nodes. Default: as many as nothing else has.
   */
  pick(rows: Value, wanted: number, total = rows.name): Value {
    const key = `${wanted} of ${total}`;
    const places = this.#known.get(key) ?? this.#places(rows, wanted);
    this.#known.set(key, places);
    return this.#build.op('Gather', [rows, places], { axis: 0 });
  }

  #places(rows: Value, wanted: number): Value {
    const build = this.#build;
    const total = build.slice(build.op('Shape', [rows]), 0, 1, 0);
    const count = build.op('Min', [total, build.integers([Math.max(1, Math.round(wanted))])]);
    const length = build.op('Div', [build.double(total), build.double(count)]);
    this.#place ??= this.#placeInStretch();
    const at = build.op('Floor', [build.op('Mul', [build.op('Add', [build.range(count), this.#place]), length])]);
    return build.op('Cast', [at], { to: dataTypeCode('INT64') });
  }

  /** From 0 to 1. */
  #placeInStretch(): Value {
    const build = this.#build;
    const turns = build.op('Mul', [build.double(build.batchNumber()), build.number(GOLDEN)]);
    return build.op('Sub', [turns, build.op('Floor', [turns])]);
  }
}
