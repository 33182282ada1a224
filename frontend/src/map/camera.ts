// The part of the plane that the map shows, and where a place of it is on the screen.

export interface View {
  x: number; // the place in the middle
  y: number;
  span: number; // the extent along the shorter side of the map
}

export interface Box {
  left: number;
  right: number;
  bottom: number;
  top: number;
}

export class Camera {
  width = 1;
  height = 1;
  view: View = { x: 0, y: 0, span: 2 };
  home: View = { x: 0, y: 0, span: 2 };

  get scale(): number {
    return Math.min(this.width, this.height) / this.view.span; // pixels per unit
  }

  fit(box: Box): void {
    const width = box.right - box.left || 1;
    const height = box.top - box.bottom || 1;
    const side = Math.min(this.width, this.height);
    this.home = {
      x: (box.left + box.right) / 2,
      y: (box.bottom + box.top) / 2,
      span: 1.12 * side * Math.max(width / this.width, height / this.height),
    };
  }

  toScreen(x: number, y: number): [number, number] {
    const k = this.scale;
    return [
      this.width / 2 + (x - this.view.x) * k,
      this.height / 2 - (y - this.view.y) * k,
    ];
  }

  toPlane(px: number, py: number): [number, number] {
    const k = this.scale;
    return [
      this.view.x + (px - this.width / 2) / k,
      this.view.y - (py - this.height / 2) / k,
    ];
  }

  pan(dx: number, dy: number): void {
    const k = this.scale;
    this.view = { ...this.view, x: this.view.x - dx / k, y: this.view.y + dy / k };
  }

  // Zooms so that the place under the pointer stays there.
  zoom(factor: number, px = this.width / 2, py = this.height / 2): void {
    const [x, y] = this.toPlane(px, py);
    const least = this.home.span * 1e-5;
    const span = Math.min(Math.max(this.view.span / factor, least), this.home.span * 4);
    const ratio = span / this.view.span;
    this.view = {
      x: x + (this.view.x - x) * ratio,
      y: y + (this.view.y - y) * ratio,
      span,
    };
  }

  box(): Box {
    const [left, top] = this.toPlane(0, 0);
    const [right, bottom] = this.toPlane(this.width, this.height);
    return { left, right, bottom, top };
  }
}
