/** Text that is markup already: made by `html`, never from a model's own strings. */
export class Markup {
  constructor(readonly text: string) {}
}

/** What may stand in an `html` template. Lists are joined; `undefined`, `null` and `false` leave nothing. */
export type Content = string | number | Markup | undefined | null | false | readonly Content[];

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

// Characters that HTML forbids or that would reorder the text around them (controls, lone surrogates, bidirectional marks).
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]|\p{Surrogate}/gu;

/** Text as it may stand between tags and in quoted attributes; unprintable characters become U+FFFD. */
export function escapeHtml(text: string): string {
  return text.replace(UNPRINTABLE, '\ufffd').replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/**
 * Template tag for HTML and SVG that escapes whatever is not `Markup`, so that no name out of a model can become a tag.
 *
 * So html`<td>${'<script>'}</td>` is <td>&lt;script&gt;</td>.
 */
export function html(parts: TemplateStringsArray, ...contents: Content[]): Markup {
  return new Markup(parts.map((part, at) => (at === 0 ? part : render(contents[at - 1]) + part)).join(''));
}

/** Our own text, such as a style sheet, as it is. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

function render(content: Content): string {
  if (content === undefined || content === null || content === false) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'string' || typeof content === 'number') return escapeHtml(String(content));
  return content.map(render).join('');
}
