/** Where the server is reached, without a slash at the end. It may stand behind a proxy, below a path of its own. */
export const root = new URL('.', location.href).href.slice(0, -1);
