import { dataTypeCode, type Model, type Node, type Value } from '@snp/onnx';
import { TapBuilder } from './build.js';

/** What is added to the place of the rows with each batch, in stretches: by the golden ratio, so that places come again late and lie apart. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** Older operators cannot compute with sizes as places are made of them. */
export const PICKING_OPSET = 12;

/** Places of rows, and what makes them. */
interface Places {
  places: Value;
  /** Counts the rows of a value. */
  size: Node;
  /** Values whose rows are picked there. */
  picked: Value[];
}

/** Picks some of the rows of values in a model: one row of each of so many stretches of equal length, at another place of the stretch in every batch. */
export class RowPlaces {
  readonly #build: TapBuilder;
  readonly #known = new Map<string, Places>();
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
    const known = this.#known.get(key) ?? this.#places(rows, wanted);
    this.#known.set(key, known);
    known.picked.push(rows);
    return this.#build.op('Gather', [rows, known.places], { axis: 0 });
  }

  /** Counts the rows of the shallowest of the values that share places, so that none waits for another. Nodes may have to be put in order again. */
  countShallowest(depth: (value: Value) => number): void {
    for (const { size, picked } of this.#known.values())
      size.setInput(
        0,
        picked.reduce((best, value) => (depth(value) < depth(best) ? value : best)),
      );
  }

  #places(rows: Value, wanted: number): Places {
    const build = this.#build;
    const size = build.op('Shape', [rows]);
    const total = build.slice(size, 0, 1, 0);
    const count = build.op('Min', [total, build.integers([Math.max(1, Math.round(wanted))])]);
    const length = build.op('Div', [build.double(total), build.double(count)]);
    this.#place ??= this.#placeInStretch();
    const at = build.op('Floor', [build.op('Mul', [build.op('Add', [build.range(count), this.#place]), length])]);
    return { places: build.op('Cast', [at], { to: dataTypeCode('INT64') }), size: size.producer!, picked: [] };
  }

  /** From 0 to 1. */
  #placeInStretch(): Value {
    const build = this.#build;
    const turns = build.op('Mul', [build.double(build.batchNumber()), build.number(GOLDEN)]);
    return build.op('Sub', [turns, build.op('Floor', [turns])]);
  }
}
