import { describe, expect, it } from 'vitest';
import { TaskQueues } from '../../src/compensation/taskQueues.js';

const later = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('work in lanes', () => {
  it('does one item of a lane after the other, and lanes side by side', async () => {
    const running = new Set<string>();
    const together: string[] = [];
    const lanes = new TaskQueues<string>(async (item) => {
      running.add(item);
      await later(10);
      together.push([...running].sort().join());
      running.delete(item);
    });
    await lanes.all([lanes.inTurn(['a1', 'a2']), lanes.inTurn(['b1', 'b2'])]);
    expect(together.filter((items) => items.includes('a1,a2') || items.includes('b1,b2'))).toEqual([]);
    expect(together).toContain('a1,b1');
    expect(together).toHaveLength(4);
  });

  it('ends what began before it fails, and begins nothing more', async () => {
    const [begun, ended]: [number[], number[]] = [[], []];
    const lanes = new TaskQueues<number>(async (item) => {
      begun.push(item);
      await later(item === 0 ? 30 : 1);
      if (item === 1) throw new Error('enough');
      ended.push(item);
    });
    await expect(lanes.all([lanes.inTurn([0, 2]), lanes.inTurn([1, 3])])).rejects.toThrow('enough');
    expect([begun, ended]).toEqual([[0, 1], [0]]);
  });

  it('lets answers that others wait for come in between', async () => {
    let answered = false;
    setTimeout(() => {
      answered = true;
    });
    const seen: boolean[] = [];
    const lanes = new TaskQueues<number>(async () => void seen.push(answered));
    await lanes.inTurn([0, 1, 2]);
    expect(seen.at(-1)).toBe(true);
  });
});
