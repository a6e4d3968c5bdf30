import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/explain/document.ts';
import { stringsFor } from '../../src/view/lens-strings.ts';
import { toCsv, toHtml, toSvg } from '../../src/view/report.ts';
import { strings } from '../../src/view/strings.ts';
import { drawn, malformed, parseCsv } from './support.ts';

const LABELS = ['0.9', '0.10', 'mlp 0', '3.1', 'mlp 3'];
/** An explanation of parts of a model, of one text or (none) of a set. */
function ofModel(lens: Explanation['lens'], text: string): Explanation {
  const e = drawn(
    [
      { members: [0], value: 1.5, se: 0.1 },
      { members: [1, 2], value: -1.2, se: 0.1 },
      { members: [1], value: 0.4, se: 0.1 },
    ],
    LABELS,
  );
  return { ...e, lens, text, players: e.players.map((p) => ({ ...p, start: 0, end: 0 })), mask: 'zero', units: lens };
}
/** What a reader sees of a page: no style, no attributes, no document. */
const seen = (html: string) => html.replace(/<style>[\s\S]*?<\/style>|<script[\s\S]*?<\/script>|<[^>]*>/g, ' ');

describe('an explanation of players that are not words', () => {
  it.each(['heads', 'blocks', 'components', 'function'] as const)('speaks of %s and of no words', (lens) => {
    const page = toHtml(ofModel(lens, ''));
    expect(malformed(page.slice(page.indexOf('<main>'), page.indexOf('</main>') + '</main>'.length))).toBeNull();
    expect(seen(page)).not.toMatch(/\bwords?\b|whole text|\bmasked:/i);
    expect(seen(toSvg(ofModel(lens, '')))).not.toMatch(/\bwords?\b/i);
    for (const [key, said] of Object.entries(stringsFor(lens)))
      if (typeof said === 'string' && key !== 'ownPoor') expect(said, key).not.toMatch(/\bwords?\b/i);
  });

  it('shows the text it is about, and the parts of a model with a line for each layer', () => {
    const page = toHtml(ofModel('components', 'a <fine> film'));
    expect(page).toContain('<p class="asked" dir="auto">a &lt;fine&gt; film</p>');
    const words = /<div class="words"[^>]*>([\s\S]*?)<\/div>/.exec(page)?.[1] ?? '';
    const lines = seen(words)
      .split('\n')
      .map((line) => line.replace(/\s+/g, ' ').trim());
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^0\.9 .*0\.10 .*mlp 0$/);
    expect(lines[1]).toBe('3.1 mlp 3');
  });

  it('names heads in a table so that no spreadsheet takes 0.10 for 0.1', () => {
    const [head, ...rows] = parseCsv(toCsv(ofModel('heads', '')));
    expect(head).toEqual(['players', 'members', 'order', 'value', 'se']);
    expect(rows.map(([name]) => name)).toEqual(['head 0.9', 'head 0.10 × mlp 0', 'head 0.10']);
  });

  it('that are one alone, or of which every mask is known, are not said to need more passes', () => {
    const alone = drawn([{ members: [0], value: 1, se: 0 }], ['good']);
    expect(seen(toHtml(alone))).toContain('There is one word here, and nothing that it could act together with.');
    const exact = drawn([{ members: [0], value: 1, se: 0 }], ['good', 'film']);
    const known = { ...exact, fit: { ...exact.fit, r2: 1, heldOut: 0 } };
    expect(seen(toHtml(known))).toContain('No two words act together here: every masking was evaluated.');
    expect(seen(toHtml(exact))).toContain('or more passes are needed.');
    expect(seen(toHtml({ ...known, lens: 'heads' }))).toContain('No two heads act together here');
  });

  it('whose labels are long texts are cut in the drawings, with the whole text under the pointer', () => {
    const long = `7 positive: ${'a rather long film that <never> ends, '.repeat(6)}`.trim();
    const e = ofModel('data', 'a film');
    const page = toHtml({ ...e, players: e.players.map((p, i) => (i === 1 ? { ...p, label: long } : p)) });
    const main = page.slice(page.indexOf('<main>'), page.indexOf('</main>') + '</main>'.length);
    expect(malformed(main)).toBeNull();
    const escaped = long.replace(/</g, '&lt;').replace(/>/g, '&gt;');
    expect(main).toContain(`<title>${escaped}</title>`); // a column of the lanes
    expect(main.split(`title="${escaped}"`)).toHaveLength(3); // the word and its row
    expect(main).toContain(`title="${escaped} × mlp 0"`);
    expect(seen(main.replace(/<title>[^<]*<\/title>/g, ''))).not.toContain(
      'a rather long film that &lt;never&gt; ends, a rather long film that &lt;never&gt; ends, a',
    );
  });

  it('that are words are spoken of as ever', () => {
    expect(stringsFor('text')).toBe(strings);
  });
});
