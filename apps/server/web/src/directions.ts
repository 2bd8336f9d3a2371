import { options, type VNode } from 'preact';

/** Characters that change the direction of the text around them, so that `gnp.exe` may read `exe.png`. */
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Attributes that are read as text. */
const READ = ['title', 'aria-label', 'alt', 'placeholder'] as const;

/** Text in which characters that change its direction stand by their number, as they cannot be seen themselves. */
function withDirections(text: string): string {
  return text.replace(DIRECTIONS, (sign) => `‹U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}›`);
}

/** Shows such characters in all text of these pages, wherever it comes from: names are given by others. */
export function showDirections(): void {
  const before = options.vnode;
  options.vnode = (node: VNode) => {
    if (typeof node.type === 'string') {
      const props = node.props as Record<string, unknown>;
      props.children = shown(props.children);
      for (const name of READ) if (typeof props[name] === 'string') props[name] = withDirections(props[name]);
    }
    before?.(node);
  };
}

function shown(children: unknown): unknown {
  if (typeof children === 'string') return withDirections(children);
  return Array.isArray(children) ? children.map(shown) : children;
}
