/** What the operating system says, in words. */
export function reason(error: unknown): string {
  const code = (error as { code?: string }).code;
  const words: Record<string, string> = {
    ENOENT: 'it does not exist',
    EACCES: 'permission is denied',
    EPERM: 'it is not permitted',
    EISDIR: 'it is a folder',
    EEXIST: 'it is no folder',
    ENOTDIR: 'a part of the path is not a folder',
    ENOSPC: 'the disk is full',
    EROFS: 'the file system is read-only',
  };
  return (code && words[code]) || (error instanceof Error ? error.message : String(error));
}
