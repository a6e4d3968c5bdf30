import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/explain/document.ts';
import { mark } from '../../src/view/mark.ts';
import { toMarkup } from '../../src/view/markup.ts';
import { toCsv, toHtml, toSvg } from '../../src/view/report.ts';
import { PAYLOADS } from '../support/payloads.ts';
import { everywhere, malformed, parseCsv, sample } from './support.ts';

let e: Explanation;
beforeAll(async () => {
  e = await sample();
});

/** A report without the JSON in it, and the document read back from that JSON. */
function apart(html: string): { page: string; document: unknown } {
  const match = /<script type="application\/json" id="explanation">([^<]*)<\/script>/.exec(html);
  if (!match) throw new Error('no document in the report');
  return { page: html.replace(match[0], ''), document: JSON.parse(match[1]) };
}

describe('the check of markup', () => {
  it('can fail', () => {
    for (const bad of [
      '<p>',
      '<p></q>',
      '<p a=b></p>',
      '<p>&nbsp;</p>',
      '<p>a & b</p>',
      '<p a="<"></p>',
      '<p></p><p></p>',
      '<p>\u0000</p>',
      '<p>\ud800</p>',
      '<p><!-- --></p>',
    ])
      expect(malformed(bad), bad).not.toBeNull();
    expect(malformed('<p a="1"><b>x &lt; y</b></p>')).toBeNull();
  });
});

describe('markup', () => {
  it('is well-formed and gives every text back, whatever the text', () => {
    const unescaped = (s: string) =>
      s.replace(/&(amp|lt|gt|quot|#39);/g, (_, n: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[n] as string);
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom(...PAYLOADS)), (text) => {
        const markup = toMarkup(mark('p', { title: text, '--x': text }, text));
        if (malformed(markup) !== null) return false;
        const said = /<p title="([^"]*)" style="[^"]*">([^<]*)<\/p>/.exec(markup);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML cannot hold is replaced
        const kept = text.replace(/\p{Surrogate}/gu, '\ufffd').replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
        return said !== null && unescaped(said[1]) === kept && unescaped(said[2]) === kept;
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});

describe('reports of hostile documents', () => {
  it('are tried with at least sixty texts', () => {
    expect(new Set(PAYLOADS).size).toBeGreaterThanOrEqual(60);
  });

  it('SVG is well-formed, has no script, handler or address, and draws the same shapes as for harmless text', () => {
    const shapes = (svg: string) => (svg.match(/<\w+/g) ?? []).join();
    const harmless = shapes(toSvg(everywhere(e, 'word')));
    for (const payload of PAYLOADS) {
      const svg = toSvg(everywhere(e, payload));
      expect(malformed(svg.trim()), payload).toBeNull();
      expect(svg.replaceAll(/"[^"]*"|>[^<]*</g, '""><')).not.toMatch(/script|\son\w+|href|src=/i);
      expect(shapes(svg), payload).toBe(harmless);
    }
  });

  it('HTML is well-formed, holds one script that is data, and that data is the document', () => {
    for (const payload of PAYLOADS) {
      const hostile = everywhere(e, payload);
      const html = toHtml(hostile);
      const { page, document } = apart(html);
      expect(html.match(/<script/gi), payload).toHaveLength(1);
      expect(malformed(/<main>[\s\S]*<\/main>/.exec(page)?.[0] ?? ''), payload).toBeNull();
      expect(document).toEqual(JSON.parse(JSON.stringify(hostile)));
      const title = /<title>([^<]*)<\/title>/.exec(page);
      expect(title, payload).not.toBeNull();
    }
  });

  it('HTML forbids itself scripts and requests', () => {
    expect(toHtml(e)).toContain('default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;');
    expect(apart(toHtml(e)).page).not.toMatch(/<script|\ssrc=|\shref=|@import|url\(/i);
  });

  it('CSV has its five columns in every row and no cell that a spreadsheet would run', () => {
    for (const payload of PAYLOADS) {
      const rows = parseCsv(toCsv(everywhere(e, payload)));
      expect(rows, payload).toHaveLength(e.interactions.length + 1);
      for (const row of rows) {
        expect(row, payload).toHaveLength(5);
        expect(row[0], payload).not.toMatch(/^[=+\-@\t\r\n]/);
      }
    }
    expect(toCsv(everywhere(e, '=1+1'))).toContain("'=1+1");
  });
});

describe('reports', () => {
  it('CSV holds every interaction with its members, order, value and error', () => {
    const [head, ...rows] = parseCsv(toCsv(e));
    expect(head).toEqual(['words', 'members', 'order', 'value', 'se']);
    expect(
      rows.map(([, members, order, value, se]) => ({
        members: members.split(' ').map(Number),
        order: Number(order),
        value: Number(value),
        se: Number(se),
      })),
    ).toEqual(e.interactions.map(({ members, value, se }) => ({ members, order: members.length, value, se })));
    expect(rows.find(([, members]) => members === '0 1')?.[0]).toBe('not₁ × bad');
  });

  it('SVG draws an arc for the pair, in the colour of its sign', () => {
    const svg = toSvg(e);
    expect(svg).toMatch(/data-key="0 1"[\s\S]*?stroke="#d55e00"/);
    expect(svg).not.toContain('var(--');
  });

  it('HTML shows the table, the curve where there are looks, and how it was made', () => {
    const looks = [64, 128].map((queries) => ({ queries, budget: 128, r2: 0.5, r2Low: 0.4, r2High: 0.6, top: 'x' }));
    const html = toHtml(e, looks);
    for (const part of [
      'aria-label="Interactions"',
      'class="curve"',
      'not₁ × bad',
      'an adapter',
      'software GPU: results right, speed meaningless',
    ])
      expect(html).toContain(part);
    expect(html).not.toContain('<button');
  });
});
