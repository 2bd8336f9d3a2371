import { SnpError } from './errors.js';

/**
 * What stands in a browser for something that only Node can do, so that a bundle holds together: an `unsupported` error
 * that says what to use instead, as soon as it is called.
 *
 * @example
 * const readPictures: (folder: string) => Promise<void> = needsNode('readPictures', 'Decode them by a canvas.');
 */
// biome-ignore lint/suspicious/noExplicitAny: it stands for functions and classes of any form
export function needsNode(name: string, instead: string): any {
  return function refuse(): never {
    throw new SnpError('unsupported', `${name} needs Node, and this is not Node. ${instead}`);
  };
}
