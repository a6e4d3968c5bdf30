import type { Task } from '../src/text.ts';
import { parts } from './parts.ts';
import { session } from './session.ts';
import { strings } from './strings.ts';

/** Takes the reader's own files as the model to load from now on. */
function chooseOwn(files: readonly File[]): void {
  session.files = files;
  const own = parts.modelChoice.querySelector<HTMLOptionElement>('option[value="own"]');
  if (own) {
    own.textContent = strings.ownModel(files[0].webkitRelativePath.split('/')[0] || files[0].name);
    own.hidden = false;
  }
  parts.modelChoice.value = 'own';
}

/** Back to the embedded model. */
export function chooseEmbedded(): void {
  session.files = null;
  parts.modelChoice.value = 'embedded';
}

/** Lets a model be chosen by its list, and files be dropped on the form; `onChosen` where one was. */
export function offerModels(onChosen: () => void): void {
  const { modelChoice, ownFolder, ownFile, form } = parts;
  let own: readonly File[] | null = null;
  const took = (files: readonly File[]) => {
    if (files.length === 0) return; // none is no choice
    own = files;
    chooseOwn(own);
    onChosen();
  };
  modelChoice.addEventListener('change', () => {
    const { value } = modelChoice;
    modelChoice.value = session.files ? 'own' : 'embedded'; // until files have been chosen, which may be given up
    if (value === 'folder') ownFolder.click();
    else if (value === 'file') ownFile.click();
    else if (value !== modelChoice.value) {
      if (value === 'embedded') chooseEmbedded();
      else if (own) chooseOwn(own);
      onChosen();
    }
  });
  for (const picker of [ownFolder, ownFile])
    picker.addEventListener('change', () => {
      took([...(picker.files ?? [])]);
      picker.value = ''; // the same choice again is a choice
    });
  form.addEventListener('dragover', (event) => {
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
  });
  form.addEventListener('drop', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    if (!modelChoice.disabled) took([...event.dataTransfer.files]);
  });
}

/** Offers what a loaded model can be asked: labels of a classifier, or words; and masks that it knows. */
export function offerTargets(task: Task | undefined, labels: readonly string[]): void {
  const classifies = labels.length > 0;
  parts.labelField.hidden = !classifies;
  parts.wordsField.hidden = classifies;
  parts.examples.hidden = session.files !== null;
  parts.words.placeholder = classifies ? '' : strings.targets[task ?? 'text-generation'];
  const [predicted] = parts.target.options;
  const before = parts.target.value;
  parts.target.replaceChildren(predicted, ...labels.map((label) => new Option(label, label)));
  parts.target.value = labels.includes(before) ? before : '';
  const masks = task !== 'text-generation';
  for (const option of parts.mask.options) if (option.value === 'mask-token' || option.value === 'unk-token') option.disabled = !masks;
  if (parts.mask.selectedOptions[0]?.disabled) parts.mask.value = 'remove';
}
