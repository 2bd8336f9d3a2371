import { SnpError } from '../errors.js';

/** Without this option a byte order mark at the start of a text would be lost. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Reads protobuf's wire format from a range of bytes. Anything that does not fit is an `invalid-file` error. */
export class Reader {
  readonly #view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    public at = 0,
    readonly end = bytes.length,
    /** What all readers of one file have met together. */
    readonly met = { messages: 0 },
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  /** An unsigned varint as a number; exact up to 2^53, which tags and lengths never pass. */
  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      if (scale > 2 ** 56) throw this.fail('a number is longer than 64 bits');
    }
  }

  /** A varint as 64 bits, signed or not. */
  varint64(signed: boolean): bigint {
    const start = this.at;
    const small = this.varint();
    if (small < Number.MAX_SAFE_INTEGER) return BigInt(small);
    let value = 0n;
    for (let at = start, shift = 0n; at < this.at; at++, shift += 7n) value |= BigInt(this.bytes[at] & 0x7f) << shift;
    return signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
  }

  /** A varint as 32 signed bits (negative ones are written with 64). */
  varint32(): number {
    return Number(BigInt.asIntN(32, this.varint64(true)));
  }

  float(): number {
    const value = this.#view.getFloat32(this.#take(4), true);
    return value;
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** A length and as many bytes, as a view. */
  chunk(): Uint8Array {
    const length = this.varint();
    const start = this.#take(length);
    return this.bytes.subarray(start, start + length);
  }

  /** A reader for a length and as many bytes. */
  nested(): Reader {
    const length = this.varint();
    const start = this.#take(length);
    return new Reader(this.bytes, start, start + length, this.met);
  }

  string(): string {
    return utf8.decode(this.chunk());
  }

  /** Passes over a field's content. */
  skip(wireType: number): void {
    if (wireType === 0) this.varint();
    else if (wireType === 1) this.#take(8);
    else if (wireType === 2) this.chunk();
    else if (wireType === 5) this.#take(4);
    else throw this.fail(`there is a field of unknown wire type ${wireType}`);
  }

  fail(what: string): SnpError {
    return new SnpError(
      'invalid-file',
      `This is not a readable ONNX file: at byte ${this.at} ${what}. It may be truncated or damaged; get it again.`,
    );
  }

  #byte(): number {
    if (this.at >= this.end) throw this.fail('the file ends in the middle of a field');
    return this.bytes[this.at++];
  }

  #take(length: number): number {
    const start = this.at;
    if (length > this.end - start) throw this.fail('the file ends in the middle of a field');
    this.at += length;
    return start;
  }
}
