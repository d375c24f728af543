// Growing pauses between tries: a second, then twice as long each time, half a minute at most.
// data-first-pause on the html element, in milliseconds, is another first one.

const FIRST = 1000;
const LONGEST = 30000;

export class Pauses {
  constructor() {
    this.reset();
  }

  reset() {
    this.first = Number(document.documentElement.dataset.firstPause ?? FIRST);
    this.coming = this.first;
  }

  get isFirst() {
    return this.coming === this.first;
  }

  next() {
    const pause = this.coming;
    this.coming = Math.min(LONGEST, 2 * pause);
    return pause;
  }
}
