import { SpexExplanation } from './view/element.ts';

export { type MembersDetail, SpexExplanation, type ToggleDetail } from './view/element.ts';

if (globalThis.customElements && !customElements.get('spex-explanation')) customElements.define('spex-explanation', SpexExplanation);

declare global {
  interface HTMLElementTagNameMap {
    'spex-explanation': SpexExplanation;
  }
}
