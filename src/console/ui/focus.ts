// Where the focus goes when what had it goes: the keyboard begins at the view again, and not at the top of the page.

/** Gives the focus to the view, once what was changed before is drawn. A dialog that closes leaves it there. */
export function focusView(): void {
  setTimeout(() => document.getElementById('view')?.focus())
}
