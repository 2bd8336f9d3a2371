declare module 'fs-native-extensions' {
  /** Takes an exclusive lock on an open file without waiting; false where another holds it. It ends with the descriptor. */
  export function tryLock(descriptor: number): boolean;
}
