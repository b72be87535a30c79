// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <map>
#include <set>

#include <QWidget>

#include "core/workflow/options/option_field.h"

class QFormLayout;
class QLabel;

namespace txfm::ui {

/// A form made from the fields of an options struct: labels, units, ranges, choices and help all come from the
/// fields; edits go straight into the struct they point to. Fields marked `advanced` are folded away. Values
/// that cannot be used are marked and explained below the form. The struct must outlive the form.
class OptionsForm : public QWidget {
    Q_OBJECT
public:
    explicit OptionsForm(QWidget* parent = nullptr);
    /// Shows every field but the hidden ones (by flag: those that the page sets itself).
    void setFields(const workflow::OptionFields& fields, const std::set<std::string>& hidden = {});
    /// Reads the struct again (after the page changed it).
    void refresh();
    /// "" when every value can be used, else one sentence.
    QString problem() const;
    /// Fields whose values differ from those at setFields(), plus all in `always`, as a job file wants them.
    nlohmann::json changedOptions(const std::set<std::string>& always = {}) const;
    /// Takes up such values again; the other shown fields go back to what they were at setFields(). What cannot be used
    /// (any more) is left out.
    void setChangedOptions(const nlohmann::json& options);
    /// Another explanation under a field, e.g. what "" means for the chosen model.
    void setPlaceholder(const std::string& flag, const QString& text);
    QWidget* editor(const std::string& flag) const;

Q_SIGNALS:
    void changed();

private:
    QWidget* makeEditor(const workflow::OptionField& field);
    void addRow(QFormLayout* form, const workflow::OptionField& field);
    void edited();
    void setTextValue(size_t index, const QString& text);

    workflow::OptionFields m_fields;
    nlohmann::json m_defaults;
    std::map<std::string, QWidget*> m_editors;
    std::map<std::string, QString> m_problems;
    QWidget* m_content = nullptr;
    QLabel* m_problemLabel;
};

}  // namespace txfm::ui
