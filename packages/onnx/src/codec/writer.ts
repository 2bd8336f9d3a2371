/** From this size on bytes are passed on by reference instead of being copied. */
const BY_REFERENCE = 1 << 16;

const utf8 = new TextEncoder();

/** Writes protobuf's wire format as a list of chunks. */
export class Writer {
  readonly #chunks: Uint8Array[] = [];
  #buffer = new Uint8Array(256);
  #view = new DataView(this.#buffer.buffer);
  #used = 0;
  /** Bytes written so far. */
  length = 0;

  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest > 0x7f) {
      this.#put((rest % 128) | 0x80);
      rest = Math.floor(rest / 128);
    }
    this.#put(rest);
  }

  /** 64 bits; negative numbers as two's complement. */
  varint64(value: bigint): void {
    if (value >= 0n && value < 0x1fffffffffffffn) return this.varint(Number(value));
    this.#reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      this.#put(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#put(Number(rest));
  }

  float(value: number): void {
    this.#reserve(4);
    this.#view.setFloat32(this.#used, value, true);
    this.#advance(4);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#used, value, true);
    this.#advance(8);
  }

  string(value: string): void {
    const bytes = utf8.encode(value);
    this.varint(bytes.length);
    this.bytes(bytes);
  }

  /** Bytes as they are, without their length. */
  bytes(bytes: Uint8Array): void {
    if (bytes.length >= BY_REFERENCE) {
      this.#flush();
      this.#chunks.push(bytes);
      this.length += bytes.length;
      return;
    }
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#used);
    this.#advance(bytes.length);
  }

  append(other: Writer): void {
    for (const chunk of other.finish()) this.bytes(chunk);
  }

  finish(): Uint8Array[] {
    this.#flush();
    return this.#chunks;
  }

  #put(byte: number): void {
    this.#buffer[this.#used] = byte;
    this.#advance(1);
  }

  #advance(count: number): void {
    this.#used += count;
    this.length += count;
  }

  #reserve(count: number): void {
    if (this.#used + count <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#used + count));
    larger.set(this.#buffer.subarray(0, this.#used));
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }

  #flush(): void {
    if (this.#used === 0) return;
    this.#chunks.push(this.#buffer.subarray(0, this.#used));
    this.#buffer = new Uint8Array(256);
    this.#view = new DataView(this.#buffer.buffer);
    this.#used = 0;
  }
}
