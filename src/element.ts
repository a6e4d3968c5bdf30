import { SpexExplanation } from './view/element.ts';

export { type Label, labelsOf, niceScale, plainLabel, readableLabels } from './view/choose.ts';
export { type MembersDetail, SpexExplanation, type ToggleDetail } from './view/element.ts';
export { count, duration, megabytes, rate, signed } from './view/format.ts';
export { arePieces, barLayout, type Look, lookOf, shorten } from './view/marks.ts';
export { readExplanation } from './view/read.ts';
export { toCsv, toHtml, toSvg } from './view/report.ts';

if (globalThis.customElements && !customElements.get('spex-explanation')) customElements.define('spex-explanation', SpexExplanation);

declare global {
  interface HTMLElementTagNameMap {
    'spex-explanation': SpexExplanation;
  }
}
