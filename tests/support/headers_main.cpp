// SPDX-License-Identifier: GPL-3.0-or-later
// A program that does nothing: CMake needs one to compile the headers for that all tests share.
int main() { return 0; }
