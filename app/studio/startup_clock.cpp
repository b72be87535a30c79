// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/studio/startup_clock.h"

#include <ctime>
#include <unistd.h>

#include <QCoreApplication>

#include "ui/worker/process_id.h"

namespace txfm::studio {

double secondsSinceProcessStart() {
    const ui::ProcessId self = ui::ProcessId::ofRunning(QCoreApplication::applicationPid());
    timespec sinceBoot{};
    ::clock_gettime(CLOCK_BOOTTIME, &sinceBoot);
    const double now = static_cast<double>(sinceBoot.tv_sec) + 1e-9 * static_cast<double>(sinceBoot.tv_nsec);
    return now - static_cast<double>(self.startTicks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace txfm::studio
