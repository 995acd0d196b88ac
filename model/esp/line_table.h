// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace ikelab::esp
{

/**
 * A hash table whose slots are whole cache lines, found by linear probing, and which can be told
 * early what will be asked for: when a question comes as several look-ups, their lines arrive
 * together. That is why it is none of the libraries' tables: they keep their slots to themselves.
 *
 * Of a pointer to a value it holds that Insert and Erase end it.
 */
template <typename Value>
class LineTable
{
  public:
    /// @param hash well mixed, and not 0 or it is taken for 1
    void
    Prefetch(uint64_t hash) const
    {
        if (!m_slots.empty())
        {
            const auto* octets = reinterpret_cast<const char*>(&m_slots[Home(hash)]);
            for (size_t line = 0; line < sizeof(Slot); line += LINE)
            {
                __builtin_prefetch(octets + line);
            }
        }
    }

    /// nullptr if nothing has this hash.
    const Value*
    Find(uint64_t hash) const
    {
        const Slot* slot = m_slots.empty() ? nullptr : &m_slots[Position(Usable(hash))];
        return slot && slot->hash != EMPTY ? &slot->value : nullptr;
    }

    Value*
    Find(uint64_t hash)
    {
        return const_cast<Value*>(std::as_const(*this).Find(hash));
    }

    /// Nothing may have this hash yet.
    void
    Insert(uint64_t hash, Value value)
    {
        if (2 * (m_used + 1) > m_slots.size())
        {
            Grow();
        }
        const uint64_t usable = Usable(hash);
        Slot& slot = m_slots[Position(usable)];
        slot.hash = usable;
        slot.value = std::move(value);
        ++m_used;
    }

    /// Something must have this hash.
    void
    Erase(uint64_t hash)
    {
        size_t hole = Position(Usable(hash));
        // Those that only stand further on because of this one move up: no look-up meets a gap.
        for (size_t next = After(hole); m_slots[next].hash != EMPTY; next = After(next))
        {
            const size_t home = Home(m_slots[next].hash);
            if (((next - home) & Mask()) >= ((next - hole) & Mask()))
            {
                m_slots[hole] = std::move(m_slots[next]);
                hole = next;
            }
        }
        m_slots[hole] = Slot{};
        --m_used;
    }

  private:
    static constexpr uint64_t EMPTY = 0;
    static constexpr size_t FEWEST = 16;

    static constexpr size_t LINE = 64; ///< octets, of all processors that matter here

    struct alignas(LINE) Slot
    {
        uint64_t hash{EMPTY};
        Value value{};
    };

    static uint64_t
    Usable(uint64_t hash)
    {
        return hash == EMPTY ? 1 : hash;
    }

    size_t
    Mask() const
    {
        return m_slots.size() - 1;
    }

    size_t
    Home(uint64_t hash) const
    {
        return static_cast<size_t>(hash) & Mask();
    }

    size_t
    After(size_t position) const
    {
        return (position + 1) & Mask();
    }

    /// Where this hash stands, or the free slot where it would. There always is one.
    size_t
    Position(uint64_t hash) const
    {
        size_t position = Home(hash);
        while (m_slots[position].hash != hash && m_slots[position].hash != EMPTY)
        {
            position = After(position);
        }
        return position;
    }

    void
    Grow()
    {
        std::vector<Slot> old(m_slots.empty() ? FEWEST : 2 * m_slots.size());
        m_slots.swap(old);
        for (Slot& slot : old)
        {
            if (slot.hash != EMPTY)
            {
                m_slots[Position(slot.hash)] = std::move(slot);
            }
        }
    }

    std::vector<Slot> m_slots; ///< a power of two, at most half of them used
    size_t m_used{0};
};

} // namespace ikelab::esp
