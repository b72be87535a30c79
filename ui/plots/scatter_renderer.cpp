// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/plots/scatter_renderer.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>
#include <vector>

#include <QElapsedTimer>
#include <QOpenGLContext>
#include <QOpenGLExtraFunctions>

#include <vtkActor.h>
#include <vtkCallbackCommand.h>
#include <vtkCamera.h>
#include <vtkCellArray.h>
#include <vtkFloatArray.h>
#include <vtkGenericOpenGLRenderWindow.h>
#include <vtkNew.h>
#include <vtkOpenGLFramebufferObject.h>
#include <vtkOpenGLPolyDataMapper.h>
#include <vtkOpenGLState.h>
#include <vtkPointData.h>
#include <vtkPolyData.h>
#include <vtkProperty.h>
#include <vtkRenderer.h>
#include <vtkShaderProperty.h>
#include <vtkTypeInt64Array.h>
#include <vtkUnsignedCharArray.h>

#include "ui/plots/scatter_scene.h"

namespace txfm::ui {

namespace {

constexpr size_t kBatch = 65536;   // points that are drawn, and uploaded, at once
constexpr size_t kSample = 65536;  // at most so many in the sample of a first frame

/// A part of the points: one draw call.
struct Batch {
    vtkNew<vtkActor> actor;
    vtkNew<vtkOpenGLPolyDataMapper> mapper;
    vtkNew<vtkPolyData> data;
};

/// Every `stride`-th point of [begin, end).
std::unique_ptr<Batch> makeBatch(const DrawList& list, size_t begin, size_t end, size_t stride) {
    auto batch = std::make_unique<Batch>();
    const auto n = static_cast<vtkIdType>((end - begin + stride - 1) / stride);
    vtkNew<vtkFloatArray> coordinates;
    coordinates->SetNumberOfComponents(3);
    coordinates->SetNumberOfTuples(n);
    vtkNew<vtkUnsignedCharArray> colors;
    colors->SetNumberOfComponents(3);
    colors->SetNumberOfTuples(n);
    for (vtkIdType k = 0; k < n; ++k) {
        const size_t i = begin + static_cast<size_t>(k) * stride;
        std::copy_n(list.xyz.data() + 3 * i, 3, coordinates->GetPointer(3 * k));
        std::copy_n(list.rgb.data() + 3 * i, 3, colors->GetPointer(3 * k));
    }
    vtkNew<vtkPoints> points;
    points->SetData(coordinates);

    // One cell that holds every vertex: a cell of its own for each costs ten times as much.
    vtkNew<vtkTypeInt64Array> offsets, connectivity;
    offsets->SetNumberOfValues(2);
    offsets->SetValue(0, 0);
    offsets->SetValue(1, n);
    connectivity->SetNumberOfValues(n);
    std::iota(connectivity->GetPointer(0), connectivity->GetPointer(0) + n, 0);
    vtkNew<vtkCellArray> vertices;
    vertices->SetData(offsets, connectivity);

    batch->data->SetPoints(points);
    batch->data->SetVerts(vertices);
    batch->data->GetPointData()->SetScalars(colors);
    batch->mapper->SetInputData(batch->data);
    batch->actor->SetMapper(batch->mapper);
    batch->actor->GetProperty()->LightingOff();
    batch->actor->PickableOff();
    // Round points: OpenGL draws squares, so the corners are cut away.
    batch->actor->GetShaderProperty()->AddFragmentShaderReplacement(
        "//VTK::Color::Impl", true,
        "//VTK::Color::Impl\n"
        "  if (distance(gl_PointCoord, vec2(0.5)) > 0.5) discard;\n",
        false);
    return batch;
}

}  // namespace

struct ScatterRenderer::Private {
    vtkNew<vtkGenericOpenGLRenderWindow> window;
    vtkNew<vtkRenderer> renderer;
    vtkNew<vtkCallbackCommand> observer;
    std::shared_ptr<const DrawList> list;
    std::vector<std::unique_ptr<Batch>> batches;  // made when first drawn
    size_t batchCount = 0;
    std::unique_ptr<Batch> sample;  // null while all points fit one batch
    // What the framebuffer shows.
    QRectF shownWindow;
    QSize shownPixels;
    double shownSize = 0;
    size_t drawn = 0;          // batches
    double batchMs = 0;        // measured cost of one batch, 0 = unknown
    double stretch = 1;        // of x, about the origin
    std::array<double, 3> origin{};
    std::function<void()> makeCurrent;
    bool ready = false;
    bool drewOnce = false;     // an empty frame, which sets up framebuffers and shaders

    void aim(const QRectF& view, QSize pixels);
    void draw(Batch* only, bool erase, double pointSize);
    Batch* nextBatch();

    static void answer(vtkObject*, unsigned long event, void* self, void* callData) {
        auto* d = static_cast<Private*>(self);
        if (event == vtkCommand::WindowMakeCurrentEvent) {
            d->makeCurrent();
        } else if (event == vtkCommand::WindowIsCurrentEvent) {
            *static_cast<bool*>(callData) = QOpenGLContext::currentContext() != nullptr;
        } else if (event == vtkCommand::WindowIsDirectEvent || event == vtkCommand::WindowSupportsOpenGLEvent) {
            *static_cast<int*>(callData) = 1;
        }
    }
};

ScatterRenderer::ScatterRenderer() : d(std::make_unique<Private>()) {
    d->window->SetOwnContext(0);
    d->window->SetMultiSamples(0);
    d->window->SetFrameBlitModeToNoBlit();
    d->window->AddRenderer(d->renderer);
    d->window->SetReadyForRendering(false);
    d->observer->SetClientData(d.get());
    d->observer->SetCallback(&Private::answer);
    d->window->AddObserver(vtkCommand::WindowMakeCurrentEvent, d->observer);
    d->window->AddObserver(vtkCommand::WindowIsCurrentEvent, d->observer);

    d->renderer->GetActiveCamera()->ParallelProjectionOn();
}

ScatterRenderer::~ScatterRenderer() {
    d->window->RemoveObserver(d->observer);
    if (d->ready) release();
}

void ScatterRenderer::initialize(std::function<void()> makeCurrent) {
    d->makeCurrent = std::move(makeCurrent);
    d->window->SetReadyForRendering(true);
    d->window->SetForceMaximumHardwareLineWidth(1);
    d->window->OpenGLInitContext();
    d->ready = true;
    d->drewOnce = false;
}

bool ScatterRenderer::isReady() const { return d->ready; }

void ScatterRenderer::release() {
    d->window->Finalize();
    d->window->SetReadyForRendering(false);
    d->ready = false;
}

void ScatterRenderer::setPoints(std::shared_ptr<const DrawList> list) {
    const auto forget = [this](std::unique_ptr<Batch>& batch) {
        if (batch) d->renderer->RemoveActor(batch->actor);
        batch.reset();
    };
    for (auto& batch : d->batches) forget(batch);
    forget(d->sample);
    d->batches.clear();
    d->list = std::move(list);
    const size_t n = d->list->size();
    d->batchCount = (n + kBatch - 1) / kBatch;
    if (d->batchCount > 1) {
        d->sample = makeBatch(*d->list, 0, n, (n + kSample - 1) / kSample);
        d->renderer->AddActor(d->sample->actor);
    }
    d->shownWindow = QRectF();
}

void ScatterRenderer::setBackground(QRgb color) {
    d->renderer->SetBackground(qRed(color) / 255.0, qGreen(color) / 255.0, qBlue(color) / 255.0);
}

void ScatterRenderer::Private::aim(const QRectF& view, QSize pixels) {
    vtkCamera* camera = renderer->GetActiveCamera();
    const QPointF center = view.center();
    const double depth = std::max(view.width(), view.height());
    camera->SetFocalPoint(center.x(), center.y(), 0);
    camera->SetPosition(center.x(), center.y(), depth);
    camera->SetViewUp(0, 1, 0);
    camera->SetParallelScale(view.height() / 2);
    camera->SetClippingRange(depth * 0.5, depth * 1.5);
    // Plots of unequal units stretch x so that the window fills the pixels.
    stretch = view.height() / view.width() * pixels.width() / pixels.height();
    origin = {center.x(), center.y(), 0};
    const auto place = [&](Batch& batch) {
        batch.actor->SetOrigin(origin.data());
        batch.actor->SetScale(stretch, 1, 1);
    };
    for (const auto& batch : batches) place(*batch);
    if (sample) place(*sample);
}

Batch* ScatterRenderer::Private::nextBatch() {
    if (drawn == batches.size()) {
        const size_t begin = drawn * kBatch;
        batches.push_back(makeBatch(*list, begin, std::min(list->size(), begin + kBatch), 1));
        batches.back()->actor->SetOrigin(origin.data());
        batches.back()->actor->SetScale(stretch, 1, 1);
        renderer->AddActor(batches.back()->actor);
    }
    return batches[drawn++].get();
}

void ScatterRenderer::Private::draw(Batch* only, bool erase, double pointSize) {
    const auto show = [&](Batch& batch) {
        batch.actor->SetVisibility(&batch == only);
        batch.actor->GetProperty()->SetPointSize(static_cast<float>(pointSize));
    };
    for (const auto& batch : batches) show(*batch);
    if (sample) show(*sample);
    renderer->SetErase(erase);
    window->Render();
}

bool ScatterRenderer::render(const QRectF& window, QSize pixels, double pointSize, unsigned target) {
    if (!d->ready || pixels.isEmpty() || window.isEmpty()) return true;
    auto* functions = QOpenGLContext::currentContext()->extraFunctions();
    d->window->GetState()->Reset();
    d->window->GetState()->Push();
    QElapsedTimer clock;
    clock.start();
    const bool restart = window != d->shownWindow || pixels != d->shownPixels || pointSize != d->shownSize;
    if (restart) {
        d->window->SetSize(pixels.width(), pixels.height());
        d->aim(window, pixels);
        d->shownWindow = window;
        d->shownPixels = pixels;
        d->shownSize = pointSize;
        d->drawn = 0;
        const bool slow = d->batchMs * static_cast<double>(d->batchCount) > kStepMs || d->batchMs == 0;
        // An empty pass clears; a slow device shows the sample meanwhile.
        d->draw(slow ? d->sample.get() : nullptr, true, pointSize);
        if (slow && d->sample) functions->glFinish();  // so that its cost counts for this turn
    }
    // The first frame stays empty: the next one, a turn of the event loop later, brings the points.
    const bool rest = !std::exchange(d->drewOnce, true);
    // Without a sample the first batch is what there is to see: it comes at once, however busy the computer is.
    const auto mayDraw = [&] { return clock.elapsed() < kStepMs / 2 || (d->drawn == 0 && !d->sample); };
    while (!rest && d->drawn < d->batchCount && mayDraw()) {
        QElapsedTimer one;
        one.start();
        d->draw(d->nextBatch(), false, pointSize);
        functions->glFinish();
        d->batchMs = 0.5 * (d->batchMs + static_cast<double>(one.nsecsElapsed()) * 1e-6);
    }
    d->window->GetState()->Pop();

    const int width = pixels.width(), height = pixels.height();
    functions->glBindFramebuffer(GL_READ_FRAMEBUFFER, d->window->GetDisplayFramebuffer()->GetFBOIndex());
    functions->glBindFramebuffer(GL_DRAW_FRAMEBUFFER, target);
    functions->glDisable(GL_SCISSOR_TEST);
    functions->glBlitFramebuffer(0, 0, width, height, 0, 0, width, height, GL_COLOR_BUFFER_BIT, GL_NEAREST);
    functions->glBindFramebuffer(GL_FRAMEBUFFER, target);
    // The window system blends the widget with what is below it: make it opaque.
    functions->glColorMask(GL_FALSE, GL_FALSE, GL_FALSE, GL_TRUE);
    functions->glClearColor(0, 0, 0, 1);
    functions->glClear(GL_COLOR_BUFFER_BIT);
    functions->glColorMask(GL_TRUE, GL_TRUE, GL_TRUE, GL_TRUE);
    return d->drawn == d->batchCount;
}

}  // namespace txfm::ui
