// Growing pauses between tries: a second, then twice as long each time, half a minute at most.
// data-first-pause on the html element, in milliseconds, is another first one.

const FIRST = 1000;
const LONGEST = 30000;

export class Pauses {
  tries = 0;

  reset() {
    this.tries = 0;
  }

  get isFirst() {
    return this.tries === 0;
  }

  next() {
    const first = Number(document.documentElement.dataset.firstPause ?? FIRST);
    return Math.min(LONGEST, first * 2 ** this.tries++);
  }
}
