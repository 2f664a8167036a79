// A scanner that types: characters less than 50 ms apart, ended by Enter or Tab, wherever the focus is.
const LONGEST_GAP_MS = 50;
const FEWEST = 4;

export class Wedge {
  constructor(onScan, now = () => performance.now()) {
    this.onScan = onScan;
    this.now = now;
    this.text = "";
    this.last = 0;
  }

  // Whether the next key would begin a new text.
  isFresh() {
    return !this.text || this.now() - this.last > LONGEST_GAP_MS;
  }

  // Gives true when the key ended a scan, so that the caller can keep it from doing anything else.
  key(key) {
    const at = this.now();
    if (at - this.last > LONGEST_GAP_MS) this.text = "";
    this.last = at;
    if (key === "Enter" || key === "Tab") {
      const scanned = this.text;
      this.text = "";
      if (scanned.length < FEWEST) return false;
      this.onScan(scanned);
      return true;
    }
    if (key.length === 1) this.text += key;
    else if (key === "F8") this.text += "\x1d"; // some scanners send the group separator as F8
    return false;
  }
}
