// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/options_form.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <QCheckBox>
#include <QComboBox>
#include <QFileDialog>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QSpinBox>
#include <QStyle>
#include <QToolButton>
#include <QVBoxLayout>
#include <QWheelEvent>

#include "ui/widgets/theme.h"

namespace txfm::ui {
namespace {

using workflow::OptionField;

/// Mouse wheels scroll the page; they must not change a value on the way.
class CalmSpinBox : public QSpinBox {
public:
    using QSpinBox::QSpinBox;

protected:
    void wheelEvent(QWheelEvent* event) override { event->ignore(); }
};

QString numberText(double value) {
    return value == std::floor(value) && std::abs(value) < 1e15 ? QString::number(static_cast<qint64>(value))
                                                                  : QString::number(value, 'g', 12);
}

QString joined(const std::vector<std::string>& values) {
    QStringList list;
    for (const std::string& v : values) list << QString::fromStdString(v);
    return list.join(QStringLiteral(", "));
}

QString valueText(const OptionField& field) {
    if (auto* v = std::get_if<int64_t*>(&field.target)) return QString::number(**v);
    if (auto* v = std::get_if<double*>(&field.target)) return numberText(**v);
    if (auto* v = std::get_if<std::string*>(&field.target)) return QString::fromStdString(**v);
    if (auto* v = std::get_if<std::vector<std::string>*>(&field.target)) return joined(**v);
    return {};
}

}  // namespace

OptionsForm::OptionsForm(QWidget* parent) : QWidget(parent), m_problemLabel(new QLabel(this)) {
    m_problemLabel->setProperty("role", "bad");
    m_problemLabel->setWordWrap(true);
    m_problemLabel->hide();
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_problemLabel);
}

void OptionsForm::setFields(const workflow::OptionFields& fields, const std::set<std::string>& hidden) {
    delete m_content;
    m_editors.clear();
    m_problems.clear();
    m_fields = fields;
    m_defaults = workflow::writeOptions(m_fields);
    m_content = new QWidget(this);
    auto* column = new QVBoxLayout(m_content);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(metric::kSmall);
    auto* basic = new QFormLayout;
    auto* advancedBox = new QWidget(m_content);
    auto* advanced = new QFormLayout(advancedBox);
    for (QFormLayout* form : {basic, advanced}) {
        form->setContentsMargins(0, 0, 0, 0);
        form->setHorizontalSpacing(metric::kGap);
        form->setVerticalSpacing(metric::kSmall);
        form->setLabelAlignment(Qt::AlignLeft | Qt::AlignVCenter);
        form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    }
    for (const OptionField& field : m_fields) {
        if (!hidden.contains(field.flag)) addRow(field.advanced ? advanced : basic, field);
    }
    column->addLayout(basic);
    if (advanced->rowCount() > 0) {
        auto* toggle = new QToolButton(m_content);
        toggle->setText(tr("More options"));
        toggle->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
        toggle->setArrowType(Qt::RightArrow);
        toggle->setCheckable(true);
        toggle->setObjectName(QStringLiteral("moreOptions"));
        connect(toggle, &QToolButton::toggled, advancedBox, [toggle, advancedBox](bool open) {
            advancedBox->setVisible(open);
            toggle->setArrowType(open ? Qt::DownArrow : Qt::RightArrow);
        });
        column->addWidget(toggle, 0, Qt::AlignLeft);
        column->addWidget(advancedBox);
    }
    advancedBox->hide();
    static_cast<QVBoxLayout*>(layout())->insertWidget(0, m_content);
    edited();
}

void OptionsForm::addRow(QFormLayout* form, const OptionField& field) {
    QWidget* editor = makeEditor(field);
    QString toolTip = QString::fromStdString(field.description);
    editor->setToolTip(toolTip);
    editor->setObjectName(QString::fromStdString("option-" + field.flag));
    m_editors[field.flag] = editor;
    if (qobject_cast<QCheckBox*>(editor)) {
        form->addRow(editor);
        return;
    }
    QString text = QString::fromStdString(field.displayLabel());
    if (!field.unit.empty()) text += QStringLiteral(" (%1)").arg(QString::fromStdString(field.unit));
    auto* label = new QLabel(text, m_content);
    label->setToolTip(toolTip);
    label->setBuddy(editor);
    form->addRow(label, editor);
}

QWidget* OptionsForm::makeEditor(const OptionField& field) {
    const auto index = static_cast<size_t>(&field - m_fields.data());
    if (auto* target = std::get_if<bool*>(&field.target)) {
        auto* box = new QCheckBox(QString::fromStdString(field.displayLabel()), m_content);
        box->setChecked(**target);
        connect(box, &QCheckBox::toggled, this, [this, v = *target](bool on) {
            *v = on;
            edited();
        });
        return box;
    }
    if (auto* target = std::get_if<int64_t*>(&field.target);
        target && field.min >= -2e9 && field.max <= 2e9) {
        auto* box = new CalmSpinBox(m_content);
        box->setRange(static_cast<int>(field.min), static_cast<int>(field.max));
        box->setValue(static_cast<int>(**target));
        box->setFocusPolicy(Qt::StrongFocus);
        connect(box, &QSpinBox::valueChanged, this, [this, v = *target](int value) {
            *v = value;
            edited();
        });
        return box;
    }
    if (auto* target = std::get_if<std::string*>(&field.target); target && !field.choices.empty()) {
        auto* box = new QComboBox(m_content);
        for (const std::string& choice : field.choices) box->addItem(QString::fromStdString(choice));
        box->setCurrentText(QString::fromStdString(**target));
        connect(box, &QComboBox::currentTextChanged, this, [this, v = *target](const QString& text) {
            *v = text.toStdString();
            edited();
        });
        return box;
    }
    auto* line = new QLineEdit(valueText(field), m_content);
    line->setClearButtonEnabled(std::holds_alternative<std::string*>(field.target));
    if (field.path != OptionField::Path::None) {
        QAction* browse = line->addAction(Theme::instance().icon(QStringLiteral("open")), QLineEdit::TrailingPosition);
        browse->setToolTip(tr("Choose…"));
        connect(browse, &QAction::triggered, line, [line, kind = field.path] {
            const QString chosen = kind == OptionField::Path::InputModel ? QFileDialog::getExistingDirectory(line->window(), tr("Choose a model folder"))
                                   : kind == OptionField::Path::Output   ? QFileDialog::getSaveFileName(line->window(), tr("Choose the result's place"))
                                                                         : QFileDialog::getOpenFileName(line->window(), tr("Choose a file"));
            if (!chosen.isEmpty()) line->setText(chosen);
        });
    }
    connect(line, &QLineEdit::textChanged, this, [this, index](const QString& text) { setTextValue(index, text); });
    return line;
}

void OptionsForm::setTextValue(size_t index, const QString& text) {
    const OptionField& field = m_fields[index];
    const QString label = QString::fromStdString(field.displayLabel());
    QString problem;
    bool ok = true;
    if (auto* v = std::get_if<double*>(&field.target)) {
        const double value = QLocale::c().toDouble(text.trimmed(), &ok);
        if (ok && value >= field.min && value <= field.max) {
            **v = value;
        } else {
            problem = tr("%1 must be a number%2.").arg(label, std::isinf(field.max) && std::isinf(field.min) ? QString()
                          : std::isinf(field.max) ? tr(", at least %1").arg(numberText(field.min))
                                                  : tr(" from %1 to %2").arg(numberText(field.min), numberText(field.max)));
        }
    } else if (auto* n = std::get_if<int64_t*>(&field.target)) {
        const qint64 value = text.trimmed().toLongLong(&ok);
        if (ok && static_cast<double>(value) >= field.min && static_cast<double>(value) <= field.max) {
            **n = value;
        } else {
            problem = tr("%1 must be a whole number in its range.").arg(label);
        }
    } else if (auto* s = std::get_if<std::string*>(&field.target)) {
        **s = text.trimmed().toStdString();
    } else if (auto* list = std::get_if<std::vector<std::string>*>(&field.target)) {
        (*list)->clear();
        for (const QString& part : text.split(QLatin1Char(','), Qt::SkipEmptyParts)) (*list)->push_back(part.trimmed().toStdString());
    }
    if (problem.isEmpty()) {
        m_problems.erase(field.flag);
    } else {
        m_problems[field.flag] = problem;
    }
    edited();
}

void OptionsForm::edited() {
    m_problemLabel->setText(problem());
    m_problemLabel->setVisible(!m_problems.empty());
    Q_EMIT changed();
}

void OptionsForm::refresh() {
    for (const OptionField& field : m_fields) {
        const auto found = m_editors.find(field.flag);
        if (found == m_editors.end()) continue;
        const QSignalBlocker blocker(found->second);
        if (auto* box = qobject_cast<QCheckBox*>(found->second)) box->setChecked(*std::get<bool*>(field.target));
        if (auto* spin = qobject_cast<QSpinBox*>(found->second)) spin->setValue(static_cast<int>(*std::get<int64_t*>(field.target)));
        if (auto* combo = qobject_cast<QComboBox*>(found->second)) combo->setCurrentText(valueText(field));
        if (auto* line = qobject_cast<QLineEdit*>(found->second)) line->setText(valueText(field));
    }
    m_problems.clear();
    edited();
}

QString OptionsForm::problem() const { return m_problems.empty() ? QString() : m_problems.begin()->second; }

nlohmann::json OptionsForm::changedOptions(const std::set<std::string>& always) const {
    const nlohmann::json now = workflow::writeOptions(m_fields);
    nlohmann::json changed = nlohmann::json::object();
    for (const OptionField& field : m_fields) {
        const std::string key = field.jsonKey();
        if (always.contains(field.flag) || now[key] != m_defaults[key]) changed[key] = now[key];
    }
    return changed;
}

void OptionsForm::setChangedOptions(const nlohmann::json& options) {
    if (!options.is_object()) return;
    for (OptionField field : m_fields) {
        const std::string key = field.jsonKey();
        if (!m_editors.contains(field.flag)) continue;
        field.required = false;
        // Checked as in a job file; the default takes the place of a value of another kind or out of range.
        const auto found = options.find(key);
        for (const nlohmann::json* value : {found != options.end() ? &*found : nullptr, &std::as_const(m_defaults)[key]}) {
            if (value && workflow::readOptions({field}, {{key, *value}}, "the session")) break;
        }
    }
    refresh();
}

void OptionsForm::setPlaceholder(const std::string& flag, const QString& text) {
    if (auto* line = qobject_cast<QLineEdit*>(editor(flag))) line->setPlaceholderText(text);
}

QWidget* OptionsForm::editor(const std::string& flag) const {
    const auto found = m_editors.find(flag);
    return found == m_editors.end() ? nullptr : found->second;
}

}  // namespace txfm::ui
