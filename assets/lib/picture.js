// @ts-check
/**
 * A still picture of a camera that a call is using, as large as the camera
 * gives, while the video goes on; and the camera's lamp.
 */

/** Milliseconds that a camera may take for a picture. */
const PATIENCE = 6_000;
/** Milliseconds in which a camera has changed to its full size, or does not. */
const SETTLE = 2_000;
/** How much a JPEG keeps, 0 to 1. */
const QUALITY = 0.92;
const kinds = ['image/jpeg', 'image/png', 'image/webp'];

/**
 * Takes a picture: by the camera's own shutter where the browser has one (W3C
 * Image Capture), else a frame of a copy of the track in full size. The track
 * itself goes on as it is.
 * @param {MediaStreamTrack} track
 * @returns {Promise<Blob>} JPEG, PNG or WebP
 */
export async function takePicture(track) {
  try {
    return await withShutter(track);
  } catch {
    return frameOf(track); // no shutter, or one that does not work
  }
}

/** @param {MediaStreamTrack} track @returns {Promise<Blob>} */
async function withShutter(track) {
  const capture = new (/** @type {any} */ (globalThis).ImageCapture)(track);
  const size = await within(PATIENCE, capture.getPhotoCapabilities());
  const settings = {
    ...(size.imageWidth?.max > 0 ? { imageWidth: size.imageWidth.max } : {}),
    ...(size.imageHeight?.max > 0 ? { imageHeight: size.imageHeight.max } : {}),
  };
  const picture = /** @type {Blob} */ (await within(PATIENCE, capture.takePhoto(settings)));
  const bitmap = await createImageBitmap(picture);
  try {
    const frame = track.getSettings();
    if (bitmap.width < (frame.width ?? 0) && bitmap.height < (frame.height ?? 0)) throw new Error('smaller than the video');
    return kinds.includes(picture.type) ? picture : await draw(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

/** @param {MediaStreamTrack} track @returns {Promise<Blob>} */
async function frameOf(track) {
  const copy = track.clone();
  const video = Object.assign(document.createElement('video'), { muted: true, playsInline: true });
  video.srcObject = new MediaStream([copy]);
  try {
    const { width, height } = /** @type {any} */ (copy.getCapabilities?.() ?? {});
    if (width?.max && height?.max) {
      await copy.applyConstraints({ width: { ideal: width.max }, height: { ideal: height.max } }).catch(() => undefined);
    }
    await within(PATIENCE, video.play());
    await grown(video, copy.getSettings().width ?? 0);
    return await draw(video, video.videoWidth, video.videoHeight);
  } finally {
    video.srcObject = null;
    copy.stop();
  }
}

/** Resolves once the video has frames of this width, or has had its time. @param {HTMLVideoElement} video @param {number} width */
function grown(video, width) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, SETTLE);
    const look = () => {
      if (video.videoWidth === 0 || video.videoWidth < width) return;
      clearTimeout(timer);
      resolve(undefined);
    };
    video.addEventListener('resize', look);
    video.addEventListener('loadeddata', look);
    look();
  });
}

/** @param {CanvasImageSource} source @param {number} width @param {number} height @returns {Promise<Blob>} */
async function draw(source, width, height) {
  if (width === 0 || height === 0) throw new Error('the camera gives no picture');
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  canvas.getContext('2d')?.drawImage(source, 0, 0, width, height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the picture cannot be encoded'))), 'image/jpeg', QUALITY);
  });
}

/** Whether a camera has a lamp. @param {MediaStreamTrack | null} track */
export const hasLamp = (track) => Boolean(/** @type {any} */ (track?.getCapabilities?.() ?? {}).torch);

/** Turns a camera's lamp on or off; rejects where it does not go. @param {MediaStreamTrack} track @param {boolean} on */
export async function setLamp(track, on) {
  if (!hasLamp(track)) throw new Error('this camera has no lamp');
  await track.applyConstraints(/** @type {any} */ ({ advanced: [{ torch: on }] }));
}

/** @template T @param {number} ms @param {Promise<T>} promise @returns {Promise<T>} */
function within(ms, promise) {
  return Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error('it took too long')), ms))]);
}
