// What is new in a text: where gaps were filled, and which words are others than before.

export interface Piece {
  text: string;
  isNew: boolean;
}

export const gap = /_{3,}|__\d+__/; // as many underscores as you like, or __5__ for five tokens

/** Cut a text where its template had gaps. */
export function filled(template: string, text: string): Piece[] {
  const given = template.split(gap);
  const pieces: Piece[] = [];
  let at = 0;
  given.forEach((piece, number) => {
    const last = number === given.length - 1;
    const start = number === 0 ? 0 : last ? text.length - piece.length : text.indexOf(piece, at);
    if (start > at) pieces.push({ text: text.slice(at, start), isNew: true });
    pieces.push({ text: piece, isNew: false });
    at = start + piece.length;
  });
  return pieces;
}

/** Cut a text into words that stood there before and words that didn't: a longest common subsequence. */
export function changed(before: string, text: string): Piece[] {
  const [old, now] = [before.split(/(?<=\s)/), text.split(/(?<=\s)/)];
  const common = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1));
  for (let row = old.length - 1; row >= 0; row--)
    for (let column = now.length - 1; column >= 0; column--)
      common[row]![column] =
        old[row] === now[column]
          ? common[row + 1]![column + 1]! + 1
          : Math.max(common[row + 1]![column]!, common[row]![column + 1]!);
  const pieces: Piece[] = [];
  for (let row = 0, column = 0; column < now.length;) {
    const same = row < old.length && old[row] === now[column];
    if (!same && row < old.length && common[row + 1]![column]! >= common[row]![column + 1]!) row++;
    else {
      pieces.push({ text: now[column]!, isNew: !same });
      column++;
      if (same) row++;
    }
  }
  return pieces;
}
