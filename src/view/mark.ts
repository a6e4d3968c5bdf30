/** A piece of a drawing as plain data: the element turns it into DOM nodes, the report into markup. Text is text, never markup. */
export interface Mark {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** CSS custom properties; set through CSSOM in the element, so that no inline style has to pass a content security policy. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly children: readonly (Mark | string)[];
}

type Given = Readonly<Record<string, string | number | boolean | undefined>>;
type Child = Mark | string | null | false;

/** A mark; attributes that are undefined or false are left out, true is an empty attribute, numbers are written to two decimals. */
export function mark(tag: string, given: Given = {}, ...children: readonly Child[]): Mark {
  const attributes: Record<string, string> = {};
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === false) continue;
    const text = value === true ? '' : typeof value === 'number' ? decimal(value) : value;
    if (name.startsWith('--')) variables[name] = text;
    else attributes[name] = text;
  }
  return {
    tag,
    attributes,
    ...(Object.keys(variables).length > 0 && { variables }),
    children: children.filter((c): c is Mark | string => c !== null && c !== false && c !== ''),
  };
}

/** At most two decimals; never an exponent, which SVG paths written by hand would survive but people would not. */
export function decimal(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Names of SVG elements that the drawings use. */
export const SVG_TAGS: ReadonlySet<string> = new Set(['svg', 'g', 'path', 'rect', 'circle', 'line', 'text', 'title', 'tspan']);
export const SVG_NAMESPACE = 'http://www.w3.org/2000/svg';
