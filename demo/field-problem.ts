/** Says under a field what is wrong with it. */
export function sayFieldProblem(field: HTMLInputElement | HTMLTextAreaElement, problem: HTMLElement, message: string): void {
  problem.textContent = message;
  field.setAttribute('aria-invalid', 'true');
}

/** Takes back with the next key what was said of a field. */
export function watchField(field: HTMLInputElement | HTMLTextAreaElement, problem: HTMLElement): void {
  field.addEventListener('input', () => {
    problem.textContent = '';
    field.removeAttribute('aria-invalid');
  });
}
