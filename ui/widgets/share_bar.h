// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QColor>
#include <QWidget>

namespace txfm::ui {

/// Parts of a whole as one stacked bar.
class ShareBar : public QWidget {
    Q_OBJECT
public:
    struct Part {
        QString name;
        double share;  ///< of the whole, [0, 1]
        QColor colour;
    };
    explicit ShareBar(QWidget* parent = nullptr);
    void setParts(std::vector<Part> parts);
    QSize sizeHint() const override { return {240, 14}; }

protected:
    void paintEvent(QPaintEvent*) override;
    bool event(QEvent* event) override;

private:
    std::vector<Part> m_parts;
};

}  // namespace txfm::ui
