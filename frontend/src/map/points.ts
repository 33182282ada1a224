// The drawing of points by WebGL. Opacity falls as points overlap, so that density is seen.

import type { Camera } from "./camera";

const VERTEX = `
attribute float x, y;
attribute vec4 color;
uniform vec2 center, scale;
uniform float size;
varying vec4 ink;
void main() {
  ink = color;
  gl_Position = color.a == 0.0
    ? vec4(9.0, 9.0, 9.0, 1.0)
    : vec4((x - center.x) * scale.x, (y - center.y) * scale.y, 0.0, 1.0);
  gl_PointSize = size;
}`;

const FRAGMENT = `
precision highp float;
uniform float size, opacity;
varying vec4 ink;
void main() {
  float r = length(gl_PointCoord - 0.5) * size;
  float a = size < 3.0 ? 1.0 : 1.0 - smoothstep(size * 0.5 - 1.0, size * 0.5, r);
  a *= opacity * ink.a;
  gl_FragColor = vec4(ink.rgb * a, a);
}`;

export class Points {
  private readonly gl: WebGLRenderingContext;
  private readonly program: WebGLProgram;
  private readonly buffers: Record<"x" | "y" | "color", WebGLBuffer>;
  private count = 0;

  constructor(readonly canvas: HTMLCanvasElement) {
    // The drawing is kept, so that the map can be saved as a picture
    const gl = canvas.getContext("webgl", { preserveDrawingBuffer: true, antialias: false });
    if (!gl) throw new Error("WebGL is missing");
    this.gl = gl;
    this.program = link(gl);
    this.buffers = { x: gl.createBuffer()!, y: gl.createBuffer()!, color: gl.createBuffer()! };
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.useProgram(this.program);
  }

  place(x: Float32Array, y: Float32Array): void {
    this.count = x.length;
    this.upload("x", x, 1);
    this.upload("y", y, 1);
  }

  // Four bytes for each point: red, green, blue, and 0 for a hidden one.
  paint(colors: Uint8Array): void {
    this.upload("color", colors, 4);
  }

  private upload(name: "x" | "y" | "color", values: Float32Array | Uint8Array, width: number): void {
    const { gl } = this;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[name]);
    gl.bufferData(gl.ARRAY_BUFFER, values as ArrayBufferView<ArrayBuffer>, gl.STATIC_DRAW);
    const at = gl.getAttribLocation(this.program, name);
    gl.enableVertexAttribArray(at);
    const bytes = width === 4;
    gl.vertexAttribPointer(at, width, bytes ? gl.UNSIGNED_BYTE : gl.FLOAT, bytes, 0, 0);
  }

  draw(camera: Camera, size: number, opacity: number): void {
    const { gl, program, canvas } = this;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (!this.count) return;
    const k = camera.scale;
    const at = (name: string) => gl.getUniformLocation(program, name);
    gl.uniform2f(at("center"), camera.view.x, camera.view.y);
    gl.uniform2f(at("scale"), (2 * k) / camera.width, (2 * k) / camera.height);
    gl.uniform1f(at("size"), size * (canvas.width / camera.width));
    gl.uniform1f(at("opacity"), opacity);
    gl.drawArrays(gl.POINTS, 0, this.count);
  }
}

function link(gl: WebGLRenderingContext): WebGLProgram {
  const program = gl.createProgram()!;
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(kind)!;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new Error(gl.getProgramInfoLog(program) ?? "the program of the map was not linked");
  }
  return program;
}
