// The camera and the NFC reader of a phone as scanners, where there is no scanner at hand.
import { inquire } from "/m/api.js";
import { element } from "/m/workscreen.js";

const FORMATS = ["data_matrix", "code_128", "qr_code", "ean_13", "ean_8"];
const LONGEST_SIDE = 900; // pixels: enough for a DataMatrix that fills a third of the picture
const OWN_EVERY_MS = 200;
const SERVER_EVERY_MS = 700;

// A picture as binary graymap, which the server reads without any picture library.
export function graymap({ data, width, height }) {
  const head = new TextEncoder().encode(`P5 ${width} ${height} 255\n`);
  const bytes = new Uint8Array(head.length + width * height);
  bytes.set(head);
  for (let i = 0; i < width * height; i += 1) bytes[head.length + i] = (data[4 * i] * 299 + data[4 * i + 1] * 587 + data[4 * i + 2] * 114) / 1000;
  return bytes;
}

// `scanned` gets each label once. The phone's own reader is used where it has one, else the server reads pictures.
export function cameraDesk({ at, say, toast, scanned }) {
  let stream = null;
  let timer = null;

  function close() {
    clearTimeout(timer);
    for (const track of stream?.getTracks() || []) track.stop();
    stream = null;
    document.getElementById("viewfinder")?.remove();
  }
  function pixelsOf(video) {
    const scale = Math.min(1, LONGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
    const canvas = element("canvas", { width: Math.round(video.videoWidth * scale), height: Math.round(video.videoHeight * scale) });
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  }
  async function byServer(video) {
    const blob = new Blob([graymap(pixelsOf(video))], { type: "image/x-portable-graymap" });
    const { status, body } = await inquire("/v1/handheld/pictures", blob);
    return status === 200 ? body.codes : [];
  }
  async function readerOf() {
    const known = "BarcodeDetector" in window ? await BarcodeDetector.getSupportedFormats() : [];
    const formats = FORMATS.filter((format) => known.includes(format));
    if (!formats.includes("data_matrix")) return { read: byServer, everyMs: SERVER_EVERY_MS };
    const detector = new BarcodeDetector({ formats });
    return { read: async (video) => (await detector.detect(video)).map((code) => code.rawValue), everyMs: OWN_EVERY_MS };
  }
  async function look(video, { read, everyMs }) {
    if (!stream) return;
    try {
      const [code] = video.videoWidth ? await read(video) : [];
      if (code && stream) {
        close();
        scanned(code);
        return;
      }
    } catch {
      if (!navigator.onLine) {
        close();
        toast(say("needsNetwork"));
        return;
      }
    }
    timer = setTimeout(() => look(video, { read, everyMs }), everyMs);
  }
  async function open() {
    if (stream) return close();
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      return toast(say("noCamera"));
    }
    const video = element("video", { autoplay: true, playsInline: true, muted: true, srcObject: stream });
    const stop = element("button", { type: "button", textContent: say("closeCamera") });
    stop.addEventListener("click", close);
    document.body.append(element("div", { id: "viewfinder" }, video, stop));
    return look(video, await readerOf());
  }
  // A tag that holds a text record gives it; one without gives its own number.
  async function listen() {
    try {
      const reader = new NDEFReader();
      await reader.scan();
      toast(say("holdTag"));
      reader.addEventListener("reading", ({ message, serialNumber }) => {
        const record = message.records.find((one) => one.recordType === "text" || one.recordType === "url");
        scanned(record ? new TextDecoder(record.encoding || "utf-8").decode(record.data) : serialNumber.replaceAll(":", "").toUpperCase());
      });
    } catch {
      toast(say("noTags"));
    }
  }
  // Both need a page that came encrypted; where there is neither, nothing is shown.
  function begin() {
    at("camera").textContent = say("camera");
    at("camera").hidden = !navigator.mediaDevices?.getUserMedia;
    at("camera").addEventListener("click", open);
    at("tags").textContent = say("tags");
    at("tags").hidden = !("NDEFReader" in window);
    at("tags").addEventListener("click", listen);
  }
  return { begin };
}
