import { chmodSync, chownSync, lchownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { privateFolder } from '../src/node.js';

const OTHER = 65533;
const mode = (path: string) => statSync(path).mode & 0o777;

describe.skipIf(process.platform === 'win32')('a private folder', () => {
  let folder: string;
  let everybodys: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'snp-private-'));
    everybodys = join(folder, 'everybodys');
    mkdirSync(everybodys);
    chmodSync(everybodys, 0o1777);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is made with its parents for one user alone', async () => {
    const path = join(everybodys, 'made', 'deep');
    expect(await privateFolder(path)).toBe(false);
    expect([mode(path), mode(join(path, '..'))]).toEqual([0o700, 0o700]);
  });

  it('is closed where others could read it', async () => {
    const path = join(folder, 'open');
    mkdirSync(path);
    chmodSync(path, 0o755);
    expect(await privateFolder(path)).toBe(true);
    expect(mode(path)).toBe(0o700);
    expect(await privateFolder(path)).toBe(false);
  });

  it('is reached over links of its owner', async () => {
    const path = join(everybodys, 'link');
    symlinkSync(folder, path);
    expect(await privateFolder(path)).toBe(false);
  });

  const refused = (path: string) =>
    expect(privateFolder(path)).rejects.toMatchObject({ code: 'io', place: { file: path } });

  it('is none that everybody can write to, nor lies in one that all can change', async () => {
    const path = join(folder, 'writable');
    mkdirSync(path);
    chmodSync(path, 0o777);
    await refused(path);
    expect(mode(path)).toBe(0o777);
    await refused(join(path, 'below'));
  });

  it('is no file', async () => {
    await refused(import.meta.filename);
  });

  describe.skipIf(process.getuid?.() !== 0)('that another user prepared', () => {
    it('is refused, and so is what lies in it, where everybody can make folders', async () => {
      const path = join(everybodys, 'theirs');
      mkdirSync(path);
      chownSync(path, OTHER, OTHER);
      await refused(path);
      await refused(join(path, 'below'));
      expect(mode(path)).toBe(0o755);
    });

    it('is refused as a link, wherever that leads', async () => {
      const own = join(folder, 'own');
      mkdirSync(own);
      chmodSync(own, 0o755);
      const path = join(everybodys, 'their-link');
      symlinkSync(own, path);
      lchownSync(path, OTHER, OTHER);
      await refused(path);
      expect(mode(own)).toBe(0o755);
    });
  });
});
