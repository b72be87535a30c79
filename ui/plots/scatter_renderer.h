// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <memory>

#include <QRectF>
#include <QRgb>
#include <QSize>

namespace txfm::ui {

struct DrawList;

/// Draws points with VTK into a framebuffer that somebody else owns (no VTK type appears here).
/// Thread: that of the OpenGL context; every call below initialize() needs the context current.
class ScatterRenderer {
public:
    ScatterRenderer();
    ~ScatterRenderer();
    ScatterRenderer(const ScatterRenderer&) = delete;

    /// Adopts the current context; `makeCurrent` is called when VTK asks for it.
    void initialize(std::function<void()> makeCurrent);
    bool isReady() const;
    /// Frees what lives in the context.
    void release();

    void setPoints(std::shared_ptr<const DrawList> list);
    void setBackground(QRgb color);
    /// Draws `window` (data units, y up) onto `pixels` physical pixels and copies the picture into
    /// framebuffer `target` of the current context. `pointSize` in physical pixels.
    /// Many points on a slow device come in steps of about kStepMs: the first call after a change shows
    /// an even sample of them, further calls with the same arguments add the rest. True = all are drawn.
    bool render(const QRectF& window, QSize pixels, double pointSize, unsigned target);

    static constexpr int kStepMs = 30;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

}  // namespace txfm::ui
