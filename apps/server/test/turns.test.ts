import { setTimeout } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { Turns } from '../src/http/turns.js';

describe('requests of tokens', () => {
  /** Works that begin when it is their turn, and end when they are told. */
  function works(turns: Turns) {
    const begun: string[] = [];
    const ends = new Map<string, () => void>();
    const ask = (token: string, name: string) =>
      turns.take(token, () => {
        begun.push(name);
        return new Promise<void>((resolve) => ends.set(name, resolve));
      });
    return { begun, ask, end: (name: string) => ends.get(name)!() };
  }

  it('wait for those of the same token, not for others', async () => {
    const { begun, ask, end } = works(new Turns());
    const asked = ['a1', 'a2', 'a3', 'a4', 'b1'].map((name) => ask(name[0], name));
    await setTimeout(0);
    expect(begun).toEqual(['a1', 'a2', 'b1']);
    end('a2');
    await setTimeout(0);
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3']);
    end('a1');
    await setTimeout(0);
    for (const name of ['a3', 'a4', 'b1']) end(name);
    await Promise.all(asked);
    expect(begun).toEqual(['a1', 'a2', 'b1', 'a3', 'a4']);
  });

  it('are refused where too many wait, and taken again afterwards', async () => {
    const { begun, ask, end } = works(new Turns());
    const asked = Array.from({ length: 34 }, (_, at) => ask('a', `a${at}`));
    await expect(ask('a', 'one too many')).rejects.toMatchObject({ code: 'too-many-requests' });
    const other = ask('b', 'b');
    for (let at = 0; at < 34; at++) {
      await vi.waitFor(() => expect(begun).toContain(`a${at}`), { interval: 1, timeout: 60_000 });
      end(`a${at}`);
    }
    end('b');
    await Promise.all([...asked, other]);
    expect(begun).toHaveLength(35);
    const again = ask('a', 'again');
    end('again');
    await again;
  });

  it('come slower where very many wait, so that others have time, and not where few do', async () => {
    const lasting = async (count: number) => {
      const turns = new Turns();
      const begun: number[] = [];
      const work = () => turns.take('a', async () => void begun.push(performance.now()));
      await Promise.all(Array.from({ length: count }, work));
      return begun[begun.length - 1] - begun[0];
    };
    // The quickest of some: a machine that is busy makes any of them slow.
    const few = [];
    for (let round = 0; round < 5; round++) few.push(await lasting(6));
    expect(Math.min(...few)).toBeLessThan(60);
    // All but the last few wait ten milliseconds at least, two at a time.
    expect(await lasting(26)).toBeGreaterThan(80);
  });

  it('that take long keep nobody waiting', async () => {
    const { begun, ask, end } = works(new Turns());
    const asked = ['a1', 'a2', 'a3'].map((name) => ask('a', name));
    await setTimeout(500);
    expect(begun).toEqual(['a1', 'a2', 'a3']);
    for (const name of begun) end(name);
    await Promise.all(asked);
  });

  it('that fail give their turn on', async () => {
    const turns = new Turns();
    const fail = () => turns.take('a', () => Promise.reject(new Error('no')));
    for (let round = 0; round < 3; round++) await expect(Promise.all([fail(), fail(), fail()])).rejects.toThrow('no');
    expect(await turns.take('a', async () => 'yes')).toBe('yes');
  });
});
